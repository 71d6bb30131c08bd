"""Gates that count clients, on a real site: each passes, fails, and does not know."""

from __future__ import annotations

import pytest
from websockets.sync.client import connect

from gate_site import GateSite, Meanwhile


@pytest.mark.parametrize(("errors", "outcome"), [(1, "pass"), (2, "fail")])
def test_errors_at_the_front_door_count(served: GateSite, errors: int, outcome: str) -> None:
    served.put_up_a_door(errors=errors)
    asked = served.ask()
    assert asked.outcomes("errors") == {"errors": outcome}, str(asked)
    assert f"{errors} errors of 100 connects" in asked.why("errors")


@pytest.mark.parametrize(("legacy", "outcome"), [(0, "pass"), (3, "fail")])
def test_old_sockets_that_are_left_fail_the_step_to_direct(
    served: GateSite, legacy: int, outcome: str
) -> None:
    served.put_up_a_door(legacy=legacy)
    served.put_at("drain")
    asked = served.ask()
    assert asked.outcomes("old-sockets") == {"old-sockets": outcome}, str(asked)


def test_the_brokers_queues_count_old_sockets_too(served: GateSite) -> None:
    served.put_up_a_door()
    queues = served.folder / "queues"
    queues.write_text("amq.gen-abc\ttrue\nwsmigrate.inbox.0\tfalse\n")
    served.lines.append(f'[drain]\nqueues_command = ["cat", "{queues}"]')
    served.put_at("drain")
    asked = served.ask()
    assert asked.outcomes("old-sockets") == {"old-sockets": "fail"}
    assert "1 by the broker's queues" in asked.why("old-sockets")


def test_without_a_front_door_nobody_knows_of_old_sockets(served: GateSite) -> None:
    served.put_at("drain")
    asked = served.ask()
    assert asked.outcomes("old-sockets") == {"old-sockets": "inconclusive"}
    assert "[front_door]" in asked.why("old-sockets")


@pytest.mark.parametrize(
    ("share", "least", "outcome"),
    [(0.0, 20, "fail"), (0.0, 200, "inconclusive"), (1.0, 20, "pass")],
)
def test_who_would_be_refused_is_counted_by_the_clients_of_the_site(
    gate_site: GateSite, meanwhile: Meanwhile, share: float, least: int, outcome: str
) -> None:
    policy = {"CHATIRE_AUTHORIZE": "authenticated", "CHATIRE_AUTHORIZE_MODE": "report-only"}
    gate_site.project.variables = policy
    url, _ = gate_site.project.start_server()
    gate_site.gates |= {"channels_url": url, "window_s": 10}
    gate_site.thresholds |= {"policy_share": share, "least_clients": least}
    gate_site.put_at("canary 50")

    def clients_come() -> None:
        for number in range(25):
            with connect(f"{url}/room-{number}"):
                pass

    meanwhile(clients_come)
    asked = gate_site.ask(**policy)
    assert asked.outcomes("policy") == {"policy": outcome}, str(asked)
    if outcome == "fail":
        assert "25 anonymous" in asked.why("policy")


def test_a_policy_that_refuses_the_synthetic_clients_says_what_to_do(gate_site: GateSite) -> None:
    policy = {"CHATIRE_AUTHORIZE": "authenticated"}
    gate_site.project.variables = policy
    url, _ = gate_site.project.start_server()
    gate_site.gates["channels_url"] = url
    gate_site.put_at("shadow")
    asked = gate_site.ask(**policy)
    assert asked.outcomes("parity") == {"parity": "inconclusive"}
    assert "answered 403" in asked.why("parity")
    assert "docs/gates.md" in asked.why("parity")
