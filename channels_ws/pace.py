"""The pace at which sockets are closed."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class ClosingPace:
    """``total`` sockets, ``per_second`` of them each second, and all within ``within_s`` seconds:
    faster than ``per_second`` where the time would not suffice."""

    total: int
    per_second: float
    within_s: float

    def due(self, elapsed_s: float) -> int:
        """How many are to be closed by now; never more than ``total``."""
        if elapsed_s >= self.within_s:
            return self.total
        rate = max(self.per_second, self.total / self.within_s)
        return min(self.total, math.floor(elapsed_s * rate))
