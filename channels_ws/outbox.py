"""The outbox of a socket: what waits to be sent, bounded."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Awaitable, Callable


class CloseCode(enum.IntEnum):
    """Close codes of ours (RFC 6455, 7.4.1, and the IANA registry for 1012 and 1013)."""

    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013


class Outbox:
    """Sends texts in order, one after another, without holding up who puts them in.

    Once more than ``max_frames`` frames or ``max_bytes`` characters wait, the client is too slow:
    what waits is dropped and ``close`` is called with 1013.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[CloseCode], Awaitable[None]],
        *,
        max_frames: int,
        max_bytes: int,
    ) -> None:
        self._send = send
        self._close = close
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._waiting: deque[str] = deque()
        self._size = 0
        self._close_code: CloseCode | None = None
        self._work = asyncio.Event()

    def put(self, text: str) -> None:
        """Take a text to send. Never blocks."""
        if self._close_code is not None:
            return
        self._waiting.append(text)
        self._size += len(text)
        if len(self._waiting) > self._max_frames or self._size > self._max_bytes:
            self.close(CloseCode.TRY_AGAIN_LATER)
        self._work.set()

    def close(self, code: CloseCode) -> None:
        """Drop what waits and close the socket."""
        if self._close_code is None:
            self._close_code = code
            self._waiting.clear()
            self._work.set()

    async def run(self) -> None:
        """Send what is put in, until the socket is closed."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                text = self._waiting.popleft()
                self._size -= len(text)
                await self._send(text)
            if self._close_code is not None:
                await self._close(self._close_code)
                return
