"""The task that reads the log for a process, and what has to wait for where it stands."""

from __future__ import annotations

import asyncio
import threading
import time

from channels_ws.layers.errors import NotSentError
from channels_ws.layers.reader import LogReader

_FIRST_LOOK_S = 0.02
_NEXT_LOOK_S = 0.001


class ReadingTask:
    """Has ``reader`` run on one event loop of the process; on another one once that has ended.

    ``patience_s`` is how long a place in the log is waited for. May be used from any thread.
    """

    _running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None

    def __init__(self, reader: LogReader, patience_s: float) -> None:
        self._reader = reader
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._running = None
        self._sent_to = (0, 0)  # of which log of the reader's, and the row there

    @property
    def is_wanted(self) -> bool:
        """Whether the log is read, or would be if its event loop had not ended."""
        return self._running is not None

    def ensure(self) -> None:
        """Have the log read, on this event loop if none reads it yet."""
        loop = asyncio.get_running_loop()
        running = self._running
        if running is not None and running[0] is loop and not running[1].done():
            return
        with self._lock:
            running = self._running
            if running is None or running[1].done() or not running[0].is_running():
                # The position is the reader's, so one that goes on elsewhere misses nothing.
                task = loop.create_task(self._reader.run(), name="layer-reader")
                self._running = (loop, task)

    async def stop(self) -> bool:
        """Read no more. Whether it was this event loop that read; then it has ended."""
        with self._lock:
            running, self._running = self._running, None
        if running is None or running[0] is not asyncio.get_running_loop():
            return False
        running[1].cancel()
        await asyncio.gather(running[1], return_exceptions=True)
        return True

    async def positioned(self, at_least: int = 0) -> None:
        """Return once the reader has a place in the log, from which on nothing is missed. Raises
        NotSentError."""
        deadline = time.monotonic() + self._patience_s
        while self._reader.position is None or self._reader.position < at_least:
            if time.monotonic() > deadline:
                raise NotSentError("The database of the channel layer does not answer.")
            await asyncio.sleep(_FIRST_LOOK_S)

    async def positioned_if_wanted(self) -> None:
        """What is sent may be answered: an answer to this process must not come too early. Raises
        NotSentError."""
        if self.is_wanted and self._reader.position is None:
            self.ensure()
            await self.positioned()

    def has_sent(self, row: int) -> None:
        """This process has written a row."""
        self._sent_to = max(self._sent_to, (self._reader.logs, row))

    async def own_are_read(self) -> None:
        """Return once this process has read what it has sent; while the connection is away, at
        once."""
        sent_to = self._sent_to
        reader = self._reader
        while reader.connected and (reader.logs, reader.position or 0) < sent_to:  # noqa: ASYNC110
            await asyncio.sleep(_NEXT_LOOK_S)
