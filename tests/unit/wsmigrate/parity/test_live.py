"""A room that is watched while messages flow."""

from __future__ import annotations

import random

import pytest

from wsmigrate.parity.comparison import Yardstick
from wsmigrate.parity.live import LiveFigures, LiveRoom
from wsmigrate.parity.messages import DataMessage

WINDOW = 5.0


def said(content: str, at: float, opcode: int = 1) -> DataMessage:
    return DataMessage(content.encode(), opcode, at=at)


def watched(old: str, new: str, *, lag: float = 0.1) -> LiveFigures:
    """Letters a second apart, then time enough for all to be settled."""
    room = LiveRoom("room", Yardstick(with_ends=False), WINDOW)
    for at in range(max(len(old), len(new))):
        if at < len(old):
            room.expect(said(old[at], at))
        if at < len(new):
            room.receive(said(new[at], at + lag))
        room.settle(at + 0.5)
    for later in range(30):
        room.settle(max(len(old), len(new)) + later)
    room.finish()
    return room.figures


def kinds(figures: LiveFigures) -> list[str]:
    return [one.kind.value for one in figures.differences]


def test_equal_streams_match_at_once():
    figures = watched("abcdefgh", "abcdefgh")
    assert (figures.compared, figures.matched, kinds(figures)) == (8, 8, [])
    assert len(figures.lags_s) == 8


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("abdefgh", ["missing"]),
        ("abccdefgh", ["extra"]),
        ("abdcefgh", ["reordered"]),
        ("abXdefgh", ["payload"]),
    ],
)
def test_a_fault_is_named(new, expected):
    figures = watched("abcdefgh", new)
    assert kinds(figures) == expected
    assert figures.mismatched == 1


@pytest.mark.parametrize(("old", "new"), [("abcdef", "cdef"), ("cdef", "abcdef")])
def test_what_came_before_the_other_side_listened_is_skipped(old, new):
    figures = watched(old, new)
    assert (kinds(figures), figures.skipped, figures.matched) == ([], 2, 4)


def test_a_side_that_stays_silent_misses_everything():
    figures = watched("abc", "")
    assert kinds(figures) == ["missing"] * 3
    assert figures.matched == 0


def test_a_side_that_falls_silent_misses_the_rest():
    assert kinds(watched("abcdef", "abc")) == ["missing"] * 3


def test_the_slower_side_is_waited_for():
    figures = watched("abcdefgh", "abcdefgh", lag=4.0)
    assert kinds(figures) == []


def test_random_faults_never_go_unseen_and_copies_never_differ():
    rng = random.Random(1)
    for _ in range(300):
        old = "".join(rng.choices("abcdefghij", k=30))
        assert kinds(watched(old, old)) == []
        place = rng.randrange(2, 28)
        new = old[:place] + old[place + 1 :]
        assert kinds(watched(old, new)), (old, place)


def test_figures_of_a_long_watch_do_not_hold_every_difference():
    total = LiveFigures()
    for _ in range(50):
        total.add(watched("abcdefgh", "abXdefgh"), keep=False)
    assert (total.mismatched, total.compared) == (50, 400)
    assert (total.differences, total.lags_s) == ([], [])
