"""The clients of a case on both servers, and how many messages each is waiting for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from compat_tests.capture.client import WireClient
from compat_tests.running.options import Side
from compat_tests.running.patience import Patience

_LAST_S = 0.7


@dataclass
class Seat:
    """A client of a case, on one server. There are two of each on a server: the second one of the
    old server is the baseline."""

    name: str
    side: Side
    replica: int
    room: str
    wire: WireClient
    due: int = 0
    is_paused: bool = False
    is_short: bool = False
    """Whether it still waited for messages when the case was over."""
    may_get_more: bool = False
    """Whether messages were published that need not come: those that came may be among them."""
    wants: bytes | None = None
    """A message that is to be the last one."""

    @property
    def label(self) -> str:
        """What reports call it."""
        return f"{self.side.value}-{self.replica}/{self.name}"

    @property
    def is_waiting(self) -> bool:
        """Whether messages are due that have not come."""
        if self.is_paused or not self.wire.is_open:
            return False
        return self.wire.messages < self.due or not self._has_last()

    def has_got(self, payload: bytes) -> bool:
        """Whether a message is among those that came of late."""
        return any(frame.payload == payload for frame in reversed(self.wire.frames[-50:]))

    def _has_last(self) -> bool:
        return self.wants is None or self.has_got(self.wants)


class Bell:
    """Rung by every client when something has come, and waited for by the one who runs the case."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Something has come."""
        self._event.set()

    async def until(self, condition: Callable[[], bool], patience_s: float) -> bool:
        """Wait for a condition that changes with what comes; False if it does not come true."""
        deadline = time.monotonic() + patience_s
        while not condition():
            self._event.clear()
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            try:
                await asyncio.wait_for(self._event.wait(), left_s)
            except TimeoutError:
                return condition()
        return True


async def all_came(seats: Iterable[Seat], bell: Bell, patience: Patience) -> bool:
    """Wait until no client waits for a message any more; False when patience ends first."""
    seats = list(seats)
    deadline = time.monotonic() + patience.in_all_s
    while waiting := [seat for seat in seats if seat.is_waiting]:
        before = sum(seat.wire.messages for seat in waiting)

        def has_moved(waiting: list[Seat] = waiting, before: int = before) -> bool:
            return (
                not any(seat.is_waiting for seat in waiting)
                or sum(seat.wire.messages for seat in waiting) > before
            )

        # Who has as many as are due lacks only the last one: another came in its stead, perhaps.
        is_short = any(seat.wire.messages < seat.due or seat.may_get_more for seat in waiting)
        quiet_s = patience.quiet_s if is_short else min(_LAST_S, patience.quiet_s)
        left_s = min(quiet_s, deadline - time.monotonic())
        if left_s <= 0 or not await bell.until(has_moved, left_s):
            return False
    return True
