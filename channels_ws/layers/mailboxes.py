"""Mailboxes: what has come for the channels of this process and waits to be received."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Union

from channels_ws.layers.clock import Clock
from channels_ws.layers.errors import LayerGapError

_Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]
_GAP_KEPT_S = 3600.0
_Letter = Union[bytes, LayerGapError]


class Mailbox:
    """The messages of one channel, in order. May be used from any thread and event loop.

    A message that nobody has taken ``expiry_s`` seconds after it came is dropped.
    """

    def __init__(self, expiry_s: float, clock: Clock) -> None:
        self._expiry_s = expiry_s
        self._clock = clock
        self._lock = threading.Lock()
        self._letters: deque[tuple[float, _Letter]] = deque()
        self._waiters: deque[_Waiter] = deque()
        self.is_forgotten = False
        """Whether its receiver was taken for gone."""

    def put(self, letter: bytes, now: float | None = None) -> None:
        """Add a message. ``now`` is the time by the mailbox's clock, where it was asked already."""
        with self._lock:
            came = self._clock() if now is None else now
            self._letters.append((came + self._expiry_s, letter))
            if self._waiters:
                self._wake_one()

    def put_gap(self, gap: LayerGapError) -> None:
        """Say that messages are missing here."""
        with self._lock:
            self._letters.append((self._clock() + _GAP_KEPT_S, gap))
            self._wake_one()

    def put_back(self, letter: bytes) -> None:
        """Return a message that was taken for a receiver that is gone."""
        with self._lock:
            self._letters.appendleft((self._clock() + self._expiry_s, letter))
            self._wake_one()

    def forget(self, gap: LayerGapError) -> None:
        """Have the gap in the place of all messages."""
        with self._lock:
            self._letters.clear()
        self.put_gap(gap)
        self.is_forgotten = True

    def wake(self) -> None:
        """Have a receiver look again, though nothing was put in."""
        with self._lock:
            self._wake_one()

    def clear(self) -> None:
        """Forget all messages."""
        with self._lock:
            self._letters.clear()

    def take(self, limit: int, *, expired: bool = False) -> list[bytes]:
        """Up to ``limit`` messages, without waiting; those that have expired only if asked for.
        Raises LayerGapError in its place."""
        with self._lock:
            if not expired:
                self._drop_expired()
            taken: list[bytes] = []
            while self._letters and len(taken) < limit:
                letter = self._letters[0][1]
                if isinstance(letter, LayerGapError):
                    if taken:
                        break
                    self._letters.popleft()
                    raise letter
                self._letters.popleft()
                taken.append(letter)
            if self._letters:
                self._wake_one()
            return taken

    async def wait(self, timeout_s: float | None = None) -> None:
        """Return when something may be there, or after ``timeout_s``."""
        loop = asyncio.get_running_loop()
        waiter: _Waiter = (loop, loop.create_future())
        with self._lock:
            if self._letters:
                return
            self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter[1]
        except TimeoutError:
            return
        finally:
            self._withdraw(waiter)

    @property
    def is_idle(self) -> bool:
        """Whether it is empty, and nobody waits."""
        with self._lock:
            return not self._letters and not self._waiters

    @property
    def is_neglected(self) -> bool:
        """Whether its oldest message has expired: its receiver is gone."""
        with self._lock:
            return bool(self._letters) and self._letters[0][0] < self._clock()

    def _drop_expired(self) -> None:
        now = self._clock()
        while self._letters and self._letters[0][0] < now:
            self._letters.popleft()

    def _wake_one(self) -> None:
        while self._waiters:
            loop, future = self._waiters.popleft()
            try:
                loop.call_soon_threadsafe(_resolve, future)
            except RuntimeError:  # that event loop is closed
                continue
            return

    def _withdraw(self, waiter: _Waiter) -> None:
        """Take a receiver off; if it was woken and will not look, wake another."""
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif self._letters:
                self._wake_one()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
