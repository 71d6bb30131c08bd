"""How long clients take to come back, beside the first ones of the same drain: pure, clock values
come in as data.

A front end waits before it connects again, and how long is its own affair. What the first clients
took is taken for that; if later ones take longer, the other server, or what stands before it, keeps
up with them no more.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

_FIRST = 20
"""So many clients tell how long it takes."""
_ENOUGH = 5
"""Fewer than that in a window tell nothing."""


@dataclass
class Returns:
    """Keeps how long clients took. Times are in seconds, of one monotonic clock."""

    _first: list[float] = field(default_factory=list)
    _usual: float | None = None
    _recent: list[tuple[float, float]] = field(default_factory=list)

    def came(self, left_at: float, now: float, count: int = 1) -> None:
        """So many clients that left at ``left_at`` are back."""
        took = now - left_at
        if self._usual is not None:
            self._recent += [(left_at, took)] * count
            return
        self._first += [took] * count
        if len(self._first) >= _FIRST:
            self._usual = statistics.quantiles(self._first, n=10)[-1]

    def late_by(self, left_after: float) -> float:
        """How much longer half of the clients took that came since the last call than nine of ten
        of the first; 0 if they did not, or if it cannot be told. Only clients count that left
        after ``left_after``."""
        took = [took for left_at, took in self._recent if left_at > left_after]
        self._recent.clear()
        if self._usual is None or len(took) < _ENOUGH:
            return 0.0
        return max(0.0, statistics.median(took) - self._usual)
