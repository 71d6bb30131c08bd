from __future__ import annotations

import pytest

from wsmigrate.doctor.clocks import Reading, of_broker_clock, of_clock
from wsmigrate.doctor.findings import Level


@pytest.mark.parametrize(
    ("said", "level", "words"),
    [
        (100.5, Level.GOOD, "agrees"),
        (102.9, Level.GOOD, "agrees"),
        (103.1, Level.MEND, "2.1 s ahead of"),
        (97.0, Level.MEND, "3.0 s behind"),
        (98.5, Level.GOOD, "agrees"),
    ],
)
def test_a_clock_may_be_anywhere_between_question_and_answer(
    said: float, level: Level, words: str
) -> None:
    finding = of_clock("The clock", Reading(100.0, said, 101.0))
    assert (finding.level, words in finding.what) == (level, True), finding


def test_the_brokers_clock_only_says_before_or_after() -> None:
    assert of_broker_clock(is_behind=False, is_ahead=False).level is Level.GOOD
    assert "behind" in of_broker_clock(is_behind=True, is_ahead=False).what
    assert "ahead of" in of_broker_clock(is_behind=False, is_ahead=True).what
