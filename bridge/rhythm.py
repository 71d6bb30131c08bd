"""When batches begin: those of all inboxes together, so that one transaction can hold them."""

from __future__ import annotations

import asyncio
import time


class Rhythm:
    """Beats at least ``wait_s`` seconds apart, at which whoever waits begins.

    A transaction costs the database and the bridge a multiple of what a message costs. Inboxes
    that begin their batches in the same moment share one (see channels_ws.layers.writer).
    """

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._beat_at = -wait_s
        self._next: asyncio.Future[None] | None = None

    async def beat(self) -> None:
        """Return at the next beat: at once, where the last one is long enough ago."""
        if self._next is None:
            left_s = self._beat_at + self._wait_s - time.monotonic()
            if left_s <= 0:
                self._beat_at = time.monotonic()
                return
            loop = asyncio.get_running_loop()
            self._next = loop.create_future()
            loop.call_later(left_s, self._strike, self._next)
        await asyncio.shield(self._next)

    def _strike(self, beat: asyncio.Future[None]) -> None:
        self._beat_at = time.monotonic()
        self._next = None
        beat.set_result(None)
