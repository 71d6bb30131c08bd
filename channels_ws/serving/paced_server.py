"""uvicorn's server, with an end that neither hurries everybody nor waits for anybody for ever."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, cast

import uvicorn

from channels_ws.serving.protocol import ServingProtocol

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.02


@dataclass
class _StartedApplication:
    """Stands for the lifespan, which is seen to elsewhere. ``state`` is copied to connections."""

    state: dict[str, Any]
    should_exit: bool = False

    async def startup(self) -> None:
        """It has started."""


class PacedServer(uvicorn.Server):
    """Serves an application that has started, on one bound socket.

    uvicorn's own end closes every WebSocket in the same moment, and then waits for clients that
    read nothing for as long as they stay.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        if not config.loaded:
            config.load()

    async def listen(self, bound: socket.socket, state: dict[str, Any]) -> None:
        """Take connections from now on. ``state`` is what the application's lifespan left."""
        self.lifespan = cast(Any, _StartedApplication(state))
        await self.startup(sockets=[bound])

    async def until_stopped(self) -> None:
        """Return after ``stop``. Connections stay, and new ones are taken."""
        await self.main_loop()

    def stop(self) -> None:
        """Have ``until_stopped`` return. May be called in a signal handler."""
        self.should_exit = True

    def stop_listening(self) -> None:
        """Take no connections any more."""
        for server in self.servers:
            server.close()

    async def close_connections(self, goodbye_s: float, gone_at: float) -> int:
        """Listen no more, and return once no connection is left; how many had to be cut off.

        What WebSockets are open are closed with 1012 at once, and cut off after ``goodbye_s``
        seconds. Requests may take until ``gone_at``, a time of the monotonic clock.
        """
        self.stop_listening()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        goodbyes_end = min(time.monotonic() + goodbye_s, gone_at)
        await _until(lambda: not self._sockets(), goodbyes_end)
        cut_off = await _cut_off(self._sockets())
        await _until(lambda: not self._unfinished(), gone_at)
        cut_off += await _cut_off(self.server_state.connections)
        for task in list(self.server_state.tasks):
            task.cancel()
        return cut_off

    def _sockets(self) -> Collection[Any]:
        return [c for c in self.server_state.connections if isinstance(c, ServingProtocol)]

    def _unfinished(self) -> bool:
        return bool(self.server_state.connections or self.server_state.tasks)


async def _until(condition: Callable[[], bool], end: float) -> None:
    while not condition() and time.monotonic() < end:  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(_LOOK_EVERY_S)


async def _cut_off(connections: Collection[Any]) -> int:
    stuck = list(connections)
    for connection in stuck:
        connection.transport.abort()
    await asyncio.sleep(0)  # the protocols hear of it
    return len(stuck)
