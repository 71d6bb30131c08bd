"""A rate limit."""

from __future__ import annotations


class TokenBucket:
    """Lets ``burst`` through at once, and ``per_second`` in the long run. ``now`` is in seconds, of
    a clock that does not jump."""

    def __init__(self, per_second: float, burst: int, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more may pass."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
