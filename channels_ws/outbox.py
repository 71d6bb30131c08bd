"""The outbox of a socket: what waits to be sent, bounded."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


class CloseCode(enum.IntEnum):
    """Close codes of ours (RFC 6455, 7.4.1, and the IANA registry for 1012 and 1013)."""

    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013


@dataclass(frozen=True)
class TextFrame:
    """A text and its size on the wire, reckoned once for all sockets that it goes to."""

    text: str
    size: int

    @classmethod
    def of(cls, text: str) -> TextFrame:
        """The frame of a text. Raises UnicodeEncodeError for what is not Unicode."""
        return cls(text, len(text) if text.isascii() else len(text.encode()))


class Outbox:
    """Sends frames in order, one after another, without holding up who puts them in.

    Once more than ``max_frames`` frames or ``max_bytes`` bytes wait, the client is too slow: what
    waits is dropped, and the socket is closed with 1013. The close goes out after the frame that is
    on its way; where the client does not take that one either, the outbox gives up after
    ``grace_s`` seconds and leaves the connection to the server.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[CloseCode], Awaitable[None]],
        *,
        max_frames: int,
        max_bytes: int,
        grace_s: float = 5.0,
    ) -> None:
        self._send = send
        self._close = close
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._grace_s = grace_s
        self._given_up = False
        self._patience: asyncio.TimerHandle | None = None
        self._runner: asyncio.Task[None] | None = None
        self._waiting: deque[TextFrame] = deque()
        self._size = 0
        self._close_code: CloseCode | None = None
        self._work = asyncio.Event()

    def put(self, frame: TextFrame) -> bool:
        """Take a frame to send; False if the socket is closed or being closed. Never blocks."""
        if self._close_code is not None:
            return False
        self._waiting.append(frame)
        self._size += frame.size
        if len(self._waiting) > self._max_frames or self._size > self._max_bytes:
            self.close(CloseCode.TRY_AGAIN_LATER)
            return False
        self._work.set()
        return True

    def close(self, code: CloseCode) -> None:
        """Drop what waits and close the socket. Never blocks."""
        if self._close_code is None:
            self._close_code = code
            self._waiting.clear()
            self._work.set()
            self._patience = asyncio.get_running_loop().call_later(self._grace_s, self._give_up)

    async def run(self) -> None:
        """Send what is put in, until the socket is closed or given up."""
        self._runner = asyncio.current_task()
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                while self._waiting:
                    frame = self._waiting.popleft()
                    self._size -= frame.size
                    await self._send(frame.text)
                if self._close_code is not None:
                    await self._close(self._close_code)
                    return
        except asyncio.CancelledError:
            if not self._given_up:
                raise
        finally:
            if self._patience is not None:
                self._patience.cancel()

    def _give_up(self) -> None:
        self._given_up = True
        if self._runner is not None:
            self._runner.cancel()
