"""How long clients take to come back, beside the first ones of the same drain: pure, clock values
come in as data.

A front end waits before it connects again, and how long is its own affair. What the first clients
took is taken for that; if later ones take longer, the other server, or what stands before it, keeps
up with them no more. All that left within a second of the first belong to these: where a whole
process was ended, its clients come in a crowd, and the last of that crowd are not late.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

_FIRST = 20
"""So many clients tell how long it takes, at least."""
_FIRST_WITHIN_S = 1.0
_ENOUGH = 20
"""Fewer than that tell nothing yet."""


@dataclass
class Returns:
    """Keeps how long clients took. Times are in seconds, of one monotonic clock."""

    _first: list[tuple[float, float]] = field(default_factory=list)
    _usual: float | None = None
    _recent: list[tuple[float, float]] = field(default_factory=list)

    def came(self, left_at: float, now: float, count: int = 1) -> None:
        """So many clients that left at ``left_at`` are back. Those that left first come first."""
        if self._usual is None and self._are_the_first_complete(left_at):
            self._usual = statistics.quantiles([took for _, took in self._first], n=10)[-1]
        kept = self._first if self._usual is None else self._recent
        kept += [(left_at, now - left_at)] * count

    def _are_the_first_complete(self, left_at: float) -> bool:
        return len(self._first) >= _FIRST and left_at > self._first[0][0] + _FIRST_WITHIN_S

    def late_by(self, left_after: float) -> float | None:
        """How much longer a quarter of the clients took than nine of ten of the first; None as long
        as it cannot be told. Of those that came since this was told last; only clients count that
        left after ``left_after``."""
        took = [took for left_at, took in self._recent if left_at > left_after]
        if self._usual is None or len(took) < _ENOUGH:
            return None
        self._recent.clear()
        return max(0.0, statistics.quantiles(took, n=4)[-1] - self._usual)
