"""The bare server with faults: it drops some messages, doubles some and swaps some."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.payload import MEASURED_BYTES
from benchmarks.servers import trigger
from benchmarks.servers.limit import BareBroadcast

_SOME = 10
_HELD_FOR = 25  # messages: by then the same sender has sent another one


class LossyBroadcast(BareBroadcast):
    """Of ten messages of a room one is lost, and one comes twice; now and then one comes late."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._count: dict[str, int] = {}
        self._held: dict[str, tuple[int, dict[str, Any]]] = {}

    async def broadcast(self, room: str, event: dict[str, Any]) -> None:
        if len(event["text"]) != MEASURED_BYTES:
            await super().broadcast(room, event)
            return
        number = self._count[room] = self._count.get(room, -1) + 1
        if number % _SOME == 3:
            return
        if number % _SOME == 7 and room not in self._held:
            self._held[room] = number, event
            return
        await super().broadcast(room, event)
        if number % _SOME == 5:
            await super().broadcast(room, event)
        if room in self._held and number - self._held[room][0] > _HELD_FOR:
            await super().broadcast(room, self._held.pop(room)[1])


application = LossyBroadcast(os.environ.get(trigger.VARIABLE, ""))
