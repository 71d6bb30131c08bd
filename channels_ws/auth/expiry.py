"""The end of a token while its socket is open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_LOOK_AGAIN_S = 30.0


class ExpiryTimer:
    """Calls ``act`` once, when the wall clock reaches ``expires_at`` (seconds since the epoch).

    It looks at the clock at least every half minute, because event loops count another time, which
    does not jump when the clock is set, and cannot wait for years.
    """

    def __init__(
        self, expires_at: float, act: Callable[[], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._expires_at = expires_at
        self._act = act
        self._clock = clock
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to wait, on the running event loop."""
        left = self._expires_at - self._clock()
        if left <= 0:
            self._handle = None
            self._act()
            return
        wait_s = min(left, _LOOK_AGAIN_S)
        self._handle = asyncio.get_running_loop().call_later(wait_s, self.start)

    def cancel(self) -> None:
        """Do not call any more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
