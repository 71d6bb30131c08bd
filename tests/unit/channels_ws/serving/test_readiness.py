import pytest

from channels_ws.health import ServerHealth
from channels_ws.serving.readiness import Phase, Reason, readiness

WELL = ServerHealth(canary_age_s=1.0, broker_linked=True)


def test_a_server_whose_links_stand_is_ready() -> None:
    found = readiness(Phase.SERVING, WELL, 10)
    assert found.is_ready
    assert found.as_json() == {
        "ready": True,
        "phase": "serving",
        "reasons": [],
        "canary_age_s": 1.0,
        "broker_linked": True,
    }


@pytest.mark.parametrize(
    ("phase", "health", "reasons"),
    [
        (Phase.STARTING, None, (Reason.STARTING,)),
        (Phase.STARTING, WELL, (Reason.STARTING,)),
        (Phase.DRAINING, WELL, (Reason.DRAINING,)),
        (Phase.SERVING, ServerHealth(None, True), (Reason.CANARY_LATE,)),
        (Phase.SERVING, ServerHealth(10.1, True), (Reason.CANARY_LATE,)),
        (Phase.SERVING, ServerHealth(1.0, False), (Reason.BROKER_DOWN,)),
        (Phase.SERVING, ServerHealth(11.0, False), (Reason.CANARY_LATE, Reason.BROKER_DOWN)),
        (Phase.DRAINING, ServerHealth(11.0, True), (Reason.DRAINING, Reason.CANARY_LATE)),
    ],
)
def test_what_is_against_it_is_said(
    phase: Phase, health: ServerHealth | None, reasons: tuple[Reason, ...]
) -> None:
    found = readiness(phase, health, 10)
    assert found.reasons == reasons
    assert not found.is_ready
    assert found.as_json()["reasons"] == [reason.value for reason in reasons]


def test_a_canary_at_the_limit_is_in_time() -> None:
    assert readiness(Phase.SERVING, ServerHealth(10.0, True), 10).is_ready


def test_a_broker_that_nobody_needs_is_not_asked_for() -> None:
    assert readiness(Phase.SERVING, ServerHealth(0.0, None), 10).is_ready
