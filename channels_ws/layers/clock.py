"""The time for which a process was alive and looked."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]

_LONGEST_STEP_S = 10.0


class AliveClock:
    """Seconds that do not pass while nobody asks: a process that is frozen for an hour and wakes
    has not had the hour to take its messages. It is asked at each heartbeat at least."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._asked = clock()
        self._now = 0.0

    def __call__(self) -> float:
        """The time, in seconds since the clock was made."""
        asked = self._clock()
        self._now += min(asked - self._asked, _LONGEST_STEP_S)
        self._asked = asked
        return self._now
