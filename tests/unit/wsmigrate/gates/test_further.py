from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsmigrate.gates import Outcome
from wsmigrate.gates.further import Bounds, is_asked, judge_exit_code, judge_values
from wsmigrate.rungs import Rung, Stage

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("values", "bounds", "outcome"),
    [
        ([1.0], Bounds(at_most=2), PASS),
        ([3.0], Bounds(at_most=2), FAIL),
        ([1.0, 3.0], Bounds(at_most=2), FAIL),
        ([1.0], Bounds(at_least=2), FAIL),
        ([3.0], Bounds(at_least=2, at_most=4), PASS),
        ([], Bounds(at_most=2), INCONCLUSIVE),
        ([1.0], Bounds(at_most=2, series=2), INCONCLUSIVE),
        ([math.nan], Bounds(at_most=2), INCONCLUSIVE),
        ([1.0, math.nan], Bounds(at_most=2), INCONCLUSIVE),
        ([math.inf], Bounds(at_most=2), FAIL),
    ],
)
def test_the_values_of_a_query(values: list[float], bounds: Bounds, outcome: Outcome) -> None:
    assert judge_values("load", values, bounds).outcome is outcome


@given(st.lists(st.floats()), st.floats(allow_nan=False), st.integers(0, 5))
def test_a_pass_has_values_that_all_keep_to_the_bound(
    values: list[float], limit: float, series: int
) -> None:
    if judge_values("load", values, Bounds(at_most=limit, series=series)).outcome is PASS:
        assert len(values) >= max(1, series)
        assert all(value <= limit for value in values)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(0, PASS), (1, FAIL), (2, INCONCLUSIVE), (127, INCONCLUSIVE), (-9, INCONCLUSIVE)],
)
def test_the_exit_code_of_a_program(code: int, outcome: Outcome) -> None:
    assert judge_exit_code("own", code, "").outcome is outcome


def test_a_further_gate_is_asked_from_shadow_on_unless_it_names_stages() -> None:
    door, canary = Rung(Stage.DOOR), Rung(Stage.CANARY, 50)
    assert [is_asked((), door), is_asked((), canary)] == [False, True]
    assert [is_asked({Stage.DOOR}, door), is_asked({Stage.DOOR}, canary)] == [True, False]
