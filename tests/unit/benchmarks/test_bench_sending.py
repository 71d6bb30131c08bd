"""The figures of both ways of sending."""

from __future__ import annotations

import pytest

from benchmarks.sending import _Phase, figures_of, percentile
from benchmarks.sending_speaker import Way


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 51.0
    assert percentile(values, 0.99) == 100.0
    assert percentile([3.0], 0.99) == 3.0


def test_latencies_are_of_the_paced_phases_and_speeds_of_the_full_ones() -> None:
    paced = [_Phase([0.010, 0.020, 0.030], missing=0, elapsed_s=1.0)]
    full = [_Phase([0.5] * 10, missing=1, elapsed_s=2.0)]
    figures = figures_of(Way.SOCKET, paced, full, unexpected=2)
    assert (figures.way, figures.p50_ms, figures.messages_per_s) == ("socket", 20.0, 5.0)
    assert (figures.messages, figures.missing, figures.unexpected) == (14, 1, 2)
