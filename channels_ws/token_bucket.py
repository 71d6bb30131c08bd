"""Token buckets: so many a second, and a burst after a quiet time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """``per_second`` in the long run, ``burst`` at once."""

    per_second: float
    burst: int


class TokenBucket:
    """Holds ``rate.burst`` tokens at most and gains ``rate.per_second``. Times are in seconds, of
    any clock that does not go back."""

    __slots__ = ("_at", "_level", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._level = float(rate.burst)
        self._at = now

    def reserve(self, now: float, patience_s: float = 0.0) -> float | None:
        """Take a token; returns how many seconds to wait for it. None, and nothing is taken, if
        that is longer than ``patience_s``."""
        self._gain(now)
        wait_s = max(0.0, (1 - self._level) / self._rate.per_second)
        if wait_s > patience_s:
            return None
        self._level -= 1
        return wait_s

    def is_full(self, now: float) -> bool:
        """Whether it says no more than a new one would."""
        self._gain(now)
        return self._level >= self._rate.burst

    def _gain(self, now: float) -> None:
        gained = max(0.0, now - self._at) * self._rate.per_second
        self._level = min(float(self._rate.burst), self._level + gained)
        self._at = max(self._at, now)


class BucketsByName:
    """A bucket for each name, for ``size`` names at most.

    Names that were quiet for long enough are forgotten. Beyond ``size`` the one that was quiet for
    longest is forgotten early, and gets its burst anew.
    """

    def __init__(self, rate: Rate, size: int = 10_000) -> None:
        self._rate = rate
        self._size = size
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, now: float) -> bool:
        """Whether the name had a token left, which is taken."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(self._rate, now)
        self._buckets.move_to_end(name)
        taken = bucket.reserve(now) is not None
        self._forget_some(now)
        return taken

    def _forget_some(self, now: float) -> None:
        """Two at most for the one that was used: the effort is bounded, and so is the memory."""
        for _ in range(2):
            oldest = next(iter(self._buckets))
            if len(self._buckets) > self._size or self._buckets[oldest].is_full(now):
                del self._buckets[oldest]
            if not self._buckets:
                return
