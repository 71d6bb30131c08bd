"""What ``wsmigrate parity watch`` says each second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compat_tests.reports.as_json import shown_difference
from wsmigrate.compare import Verdict
from wsmigrate.parity.differences import Difference
from wsmigrate.parity.live import LiveFigures
from wsmigrate.parity.show import lines_of_difference

_SHOWN = 3
_IN_JSON = 20


def line_of(
    figures: LiveFigures, seconds: float, *, rooms: int, pending: int, sockets_gone: int
) -> dict[str, Any]:
    """The figures of so many seconds, as ``--json`` has them."""
    lags = sorted(figures.lags_s)
    return {
        "at": round(time.time(), 3),
        "rooms": rooms,
        "legacy_per_s": round(figures.expected / seconds, 1),
        "channels_per_s": round(figures.received / seconds, 1),
        "frames_compared": figures.compared,
        "matched": figures.matched,
        "ignored": figures.ignored,
        "mismatched": figures.mismatched,
        "skipped": figures.skipped,
        "pending": pending,
        "sockets_gone": sockets_gone,
        "lag_ms": {"p50": _percentile_ms(lags, 0.5), "p99": _percentile_ms(lags, 0.99)},
        "differences": [shown_difference(one) for one in _worst_first(figures)[:_IN_JSON]],
    }


def told(line: Mapping[str, Any], figures: LiveFigures) -> Iterator[str]:
    """The same for a person, with the first mismatches in full."""
    bad = f", {figures.mismatched} MISMATCHED" if figures.mismatched else ""
    gone = f", {line['sockets_gone']} sockets are gone" if line["sockets_gone"] else ""
    yield (
        f"old {line['legacy_per_s']:.0f}/s, new {line['channels_per_s']:.0f}/s, "
        f"{figures.matched} matched, {figures.ignored} ignored{bad}, "
        f"{line['pending']} pending{gone}"
    )
    mismatched = [one for one in figures.differences if one.verdict is Verdict.MISMATCHED]
    for one in mismatched[:_SHOWN]:
        for text in lines_of_difference(one):
            yield f"  {text}"


def _worst_first(figures: LiveFigures) -> list[Difference]:
    """Mismatched ones are not to be crowded out by those that a rule ignores."""
    return sorted(figures.differences, key=lambda one: one.verdict is not Verdict.MISMATCHED)


def _percentile_ms(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)
