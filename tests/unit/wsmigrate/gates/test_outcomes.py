from __future__ import annotations

import math

import pytest

from wsmigrate.errors import ExitCode
from wsmigrate.gates import GateResult, Outcome, judged, judgement_of

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def results(*outcomes: Outcome) -> list[GateResult]:
    return [GateResult(f"gate-{n}", outcome, "said so") for n, outcome in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("outcomes", "together"),
    [
        ((PASS, PASS), PASS),
        ((PASS, INCONCLUSIVE), INCONCLUSIVE),
        ((INCONCLUSIVE, FAIL, PASS), FAIL),
        ((), INCONCLUSIVE),
    ],
)
def test_the_worst_outcome_counts_and_no_gate_is_no_pass(
    outcomes: tuple[Outcome, ...], together: Outcome
) -> None:
    assert judgement_of(results(*outcomes)).outcome is together


@pytest.mark.parametrize(
    ("value", "count", "outcome"),
    [
        (4.9, 100, PASS),
        (5.0, 100, PASS),
        (5.1, 100, FAIL),
        (4.9, 9, INCONCLUSIVE),
        (9.9, 9, INCONCLUSIVE),
        (None, 100, INCONCLUSIVE),
        (math.nan, 100, INCONCLUSIVE),
    ],
)
def test_a_figure_counts_only_with_enough_observations(
    value: float | None, count: int, outcome: Outcome
) -> None:
    assert judged(value, 5.0, count=count, least=10) is outcome


def test_a_command_ends_with_the_code_of_the_judgement() -> None:
    codes = [judgement_of(results(outcome)).exit_code for outcome in (PASS, FAIL, INCONCLUSIVE)]
    assert codes == [ExitCode.DONE, ExitCode.REFUSED, ExitCode.COULD_NOT_ACT]


def test_the_failed_gates_can_be_named() -> None:
    judgement = judgement_of(results(PASS, FAIL))
    assert [result.gate for result in judgement.with_outcome(FAIL)] == ["gate-1"]
