"""The clock that stands while a process is frozen."""

from __future__ import annotations

from channels_ws.layers.clock import AliveClock


def test_time_passes_as_on_the_clock_while_it_is_asked() -> None:
    times = iter([100.0, 101.5, 106.5, 116.5])
    clock = AliveClock(lambda: next(times))
    assert [clock(), clock(), clock()] == [1.5, 6.5, 16.5]


def test_an_hour_in_which_nobody_asked_counts_ten_seconds() -> None:
    times = iter([100.0, 3700.0, 3701.0])
    clock = AliveClock(lambda: next(times))
    assert [clock(), clock()] == [10.0, 11.0]
