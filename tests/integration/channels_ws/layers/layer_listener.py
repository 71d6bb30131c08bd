"""A channel that is received from all the time, as Channels does for a consumer."""

from __future__ import annotations

import asyncio
from typing import Any

PRIME = "prime"
"""The type of the messages by which a listener finds out that it listens."""

_PAUSE_S = 0.05


class Listener:
    """Receives from a channel in a task of its own. A receive that fails is noted and repeated."""

    def __init__(self, layer: Any, channel: str) -> None:
        self.failures: list[str] = []
        self._layer = layer
        self._channel = channel
        self._got: asyncio.Queue[Any] = asyncio.Queue()
        self._primed = asyncio.Event()
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self._task = asyncio.create_task(self._receive())

    async def prime(self) -> None:
        """Return once messages get here: some layers lose what is sent before."""
        while not self._primed.is_set():
            await self._layer.send(self._channel, {"type": PRIME})
            try:
                await asyncio.wait_for(self._primed.wait(), 0.1)
            except (asyncio.TimeoutError, TimeoutError):
                continue

    async def close(self) -> None:
        """Receive no more, as a consumer whose socket is gone."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def pause(self) -> None:
        """Take one event more, which is kept, and then none until ``resume``."""
        self._goes_on.clear()

    def resume(self) -> None:
        self._goes_on.set()

    async def take(self, count: int) -> list[Any]:
        """The next events, in the order in which they came."""
        return [await self._got.get() for _ in range(count)]

    async def take_all(self, first_within_s: float, silent_s: float) -> list[Any]:
        """All events, until none has come for ``silent_s``."""
        got: list[Any] = []
        while True:
            within = silent_s if got else first_within_s
            try:
                got.append(await asyncio.wait_for(self._got.get(), within))
            except (asyncio.TimeoutError, TimeoutError):
                return got

    async def _receive(self) -> None:
        while True:
            try:
                event = await self._layer.receive(self._channel)
            except Exception as error:
                self.failures.append(type(error).__name__)
                await asyncio.sleep(_PAUSE_S)
                continue
            self._primed.set()
            if event.get("type") != PRIME:
                self._got.put_nowait(event)
                await self._goes_on.wait()
