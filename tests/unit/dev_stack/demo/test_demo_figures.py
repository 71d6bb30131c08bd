"""The figures, from what was posted and what came."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dev_stack.demo.clients import Arrival
from dev_stack.demo.figures import Figures, Heard, Step, figures_of
from dev_stack.demo.ledger import Ledger
from wsmigrate.errors import ExitCode

POSTED = [b"ok", b"ok", b"hello", b"ok"]
STEPS = (Step(0, 1, 0), Step(50, 0, 1), Step(100, 0, 1))


@pytest.fixture
def ledger() -> Ledger:
    """Four messages in the room "a", a tenth of a second apart."""
    ledger = Ledger()
    for number, payload in enumerate(POSTED):
        ledger.enter("a", payload, number / 10)
    return ledger


def heard(payloads: Sequence[bytes] = POSTED, *, is_text: bool = True, after: float = 0.5) -> Heard:
    arrivals = [Arrival(p, i / 10 + after, is_text) for i, p in enumerate(payloads)]
    return Heard("a", arrivals)


def judged(
    ledger: Ledger,
    *,
    legacy: Heard | None = None,
    channels: Heard | None = None,
    door: Heard | None = None,
    steps: Sequence[Step] = STEPS,
) -> Figures:
    fixed = {"legacy": [legacy or heard()], "channels": [channels or heard()]}
    return figures_of(ledger, fixed, [door or heard()], steps)


class TestAllWell:
    def test_nothing_is_wrong_and_the_exit_code_is_0(self, ledger: Ledger) -> None:
        figures = judged(ledger)
        assert figures.exit_code is ExitCode.DONE
        assert figures.identical == figures.published == 4
        assert figures.fixed.delivered == 8

    def test_latency_is_from_post_to_frame_by_server(self, ledger: Ledger) -> None:
        figures = judged(ledger, channels=heard(after=0.02))
        assert figures.latency["legacy"].p50 == 500
        assert figures.latency["channels"].p99 == 20

    def test_the_file_has_these_keys(self, ledger: Ledger) -> None:
        totals = {"lost": 0, "duplicated": 0, "out_of_order": 0, "mismatched": 0}
        one = {"clients": 1, "delivered": 4, **totals}
        assert judged(ledger).as_json() == {
            "published": 4,
            "clients": 2,
            "delivered": 8,
            **totals,
            "latency_ms": {
                "legacy": {"p50": 500.0, "p99": 500.0},
                "channels": {"p50": 500.0, "p99": 500.0},
            },
            "identical": 4,
            "servers": {"legacy": one, "channels": one},
            "front_door": {
                **one,
                "steps": [
                    {"percent": 0, "legacy": 1, "channels": 0},
                    {"percent": 50, "legacy": 0, "channels": 1},
                    {"percent": 100, "legacy": 0, "channels": 1},
                ],
            },
        }


class TestDifferences:
    @pytest.mark.parametrize(
        ("received", "figure"),
        [
            ([b"ok", b"hello", b"ok"], "lost"),
            ([b"ok", b"ok", b"ok", b"hello", b"ok"], "duplicated"),
            ([b"ok", b"hello", b"ok", b"ok"], "out_of_order"),
            ([b"ok", b"ok", b"hallo", b"ok"], "mismatched"),
        ],
    )
    def test_each_counts_under_its_own_name_at_its_own_server(
        self, ledger: Ledger, received: list[bytes], figure: str
    ) -> None:
        figures = judged(ledger, channels=heard(received))
        assert figures.exit_code is ExitCode.REFUSED
        for name in ("lost", "duplicated", "out_of_order", "mismatched"):
            assert getattr(figures.servers["channels"], name) == (name == figure)
            assert getattr(figures.fixed, name) == (name == figure)
            assert getattr(figures.servers["legacy"], name) == 0

    def test_a_message_that_one_client_did_not_get_is_not_identical(self, ledger: Ledger) -> None:
        assert judged(ledger, legacy=heard([b"ok", b"ok", b"ok"])).identical == 3

    def test_a_frame_that_is_not_text_is_mismatched(self, ledger: Ledger) -> None:
        assert judged(ledger, channels=heard(is_text=False)).fixed.mismatched == 4

    def test_the_front_door_counts_for_the_exit_code_and_apart(self, ledger: Ledger) -> None:
        figures = judged(ledger, door=heard(POSTED[1:]))
        assert figures.fixed.clean
        assert figures.front_door.lost == 1
        assert figures.exit_code is ExitCode.REFUSED

    def test_no_frame_has_no_latency_and_all_is_lost(self, ledger: Ledger) -> None:
        figures = judged(ledger, channels=heard([]))
        assert figures.latency["channels"].p50 is None
        assert figures.servers["channels"].lost == 4

    @pytest.mark.parametrize("step", [Step(0, 1, 1), Step(100, 1, 1)])
    def test_a_door_that_did_not_move_is_no_success(self, ledger: Ledger, step: Step) -> None:
        assert judged(ledger, steps=[step]).exit_code is ExitCode.REFUSED

    def test_without_a_message_there_is_nothing_to_judge_by(self) -> None:
        figures = judged(Ledger(), legacy=heard([]), channels=heard([]), door=heard([]))
        assert figures.exit_code is ExitCode.COULD_NOT_ACT
