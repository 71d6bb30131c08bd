"""The load: senders that publish as fast as the sockets take it, or at a fixed rate."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from benchmarks.payload import Stamp, measured_text
from benchmarks.progress import Progress

Publish = Callable[[str, str], Awaitable[None]]
"""``publish(room, text)``: returns once the backend has taken the message."""

_LOOK_S = 0.002
_STALLED_S = 10.0


class Load:
    """One phase's senders. Each sends to one room, one message after another.

    ``published`` says for each room how many messages each sender has published, whether or not
    anybody got them.
    """

    def __init__(
        self,
        publish: Publish,
        rooms: Sequence[str],
        *,
        phase: int,
        senders: int,
        sockets_per_room: int,
        progress: Progress,
    ) -> None:
        self.published: dict[str, dict[int, int]] = defaultdict(dict)
        self.stalled = False
        self.late = 0
        self._publish = publish
        self._rooms = rooms
        self._phase = phase
        self._senders = senders
        self._per_room = sockets_per_room
        self._progress = progress
        self._messages = 0
        self._stopping = False
        self._opened = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def saturate(self, window: int) -> None:
        """Publish without a pause, as long as fewer than ``window`` messages are on their way.

        The window keeps a server that takes messages faster than it delivers them from being judged
        by the length of its queues.
        """
        self._start(lambda sender: self._send_on(sender, window))
        self._tasks.append(asyncio.create_task(self._watch(window), name="window"))

    def pace(self, per_second: float) -> None:
        """Publish so many messages a second, all senders together, evenly spread."""
        began = time.monotonic()
        self._start(lambda sender: self._send_at(sender, per_second, began))

    async def stop(self) -> None:
        """Let every sender finish its message. Raises what publishing raised to one of them."""
        self._stopping = True
        self._opened.set()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        for error in outcomes:
            if error is not None:
                raise error

    def _start(self, send: Callable[[int], Awaitable[None]]) -> None:
        async def run(sender: int) -> None:
            await send(sender)

        self._tasks = [
            asyncio.create_task(run(sender), name=f"sender {sender}")
            for sender in range(self._senders)
        ]

    async def _send_on(self, sender: int, window: int) -> None:
        while not self._stopping:
            if self._on_their_way() >= window:
                self._opened.clear()
                await self._opened.wait()
            else:
                await self._send(sender, time.monotonic_ns())

    def _on_their_way(self) -> float:
        """Messages that are published and whose frames have not all arrived."""
        return self._messages - self._progress.frames / self._per_room

    async def _watch(self, window: int) -> None:
        """Open the window for all senders that wait for it; end a load that nobody receives."""
        seen, since = -1, time.monotonic()
        while not self._stopping:
            if self._on_their_way() < window:
                self._opened.set()
            if self._progress.frames != seen:
                seen, since = self._progress.frames, time.monotonic()
            elif time.monotonic() - since > _STALLED_S:
                self.stalled = self._stopping = True
            await asyncio.sleep(_LOOK_S)
        self._opened.set()

    async def _send_at(self, sender: int, per_second: float, began: float) -> None:
        """A message that is late counts from when it was due: a slow backend gains nothing by
        being asked less often."""
        every = self._senders / per_second
        due = began + sender / per_second
        while not self._stopping:
            now = time.monotonic()
            if now < due:
                await asyncio.sleep(min(due - now, 0.2))
                continue
            behind = now - due > every
            self.late += behind
            await self._send(sender, int((due if behind else now) * 1e9))
            due += every

    async def _send(self, sender: int, at_ns: int) -> None:
        room = self._rooms[sender % len(self._rooms)]
        sequence = self.published[room].get(sender, 0)
        self.published[room][sender] = sequence + 1
        self._messages += 1
        await self._publish(room, measured_text(Stamp(self._phase, sender, sequence, at_ns)))
