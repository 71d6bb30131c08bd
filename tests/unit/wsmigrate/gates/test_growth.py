from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from wsmigrate.gates.growth import Growth


def total_of(*samples: dict[str, dict[str, float]]) -> dict[str, float]:
    growth = Growth()
    for sample in samples:
        growth.sample(sample)
    return growth.total


def test_what_was_counted_before_the_first_sample_does_not_count() -> None:
    assert total_of({"a": {"n": 100}}) == {"n": 0}
    assert total_of({"a": {"n": 100}}, {"a": {"n": 103}}) == {"n": 3}


def test_a_process_that_comes_counts_from_nothing() -> None:
    assert total_of({"a": {"n": 100}}, {"a": {"n": 100}, "b": {"n": 5}}) == {"n": 5}


def test_a_process_that_goes_keeps_what_it_had() -> None:
    assert total_of({"a": {"n": 1}}, {"a": {"n": 4}}, {}, {"b": {"n": 2}}) == {"n": 5}


def test_a_counter_that_falls_was_started_anew() -> None:
    assert total_of({"a": {"n": 100}}, {"a": {"n": 7}}) == {"n": 7}


def test_a_counter_that_appears_counts_from_nothing() -> None:
    assert total_of({"a": {}}, {"a": {"n": 7}})["n"] == 7


def test_not_a_number_is_passed_over() -> None:
    assert total_of({"a": {"n": 1}}, {"a": {"n": math.nan}}) == {"n": 0}


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_steps_add_up_however_often_one_looks(steps: list[int]) -> None:
    growth, counter = Growth(), 1000
    growth.sample({"a": {"n": counter}})
    for step in steps:
        counter += step
        growth.sample({"a": {"n": counter}})
    assert growth.total["n"] == sum(steps)
