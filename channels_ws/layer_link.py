"""The hub's link to the channel layer: one channel, watched by a canary."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from wsmigrate.errors import UnavailableError

logger = logging.getLogger(__name__)

_CANARY = "wsmigrate.canary"
_CANARY_EVERY_S = 2.0
_FIRST_CANARY_EVERY_S = 0.1
_CANARY_LATE_S = 8.0
_EVENTS_AT_A_TIME = 100


class LayerLostError(UnavailableError):
    """The layer failed, or the canary did not come back: messages may have been missed."""


class LayerLink:
    """A channel of a layer, from its opening to its failure. A new link takes a new channel.

    ``ready`` is set once a first canary message, which the link sends to itself, has come back:
    some layers lose what is sent while they begin to listen.
    """

    def __init__(self, layer: Any, channel: str) -> None:
        self._layer = layer
        self.channel = channel
        self.ready = asyncio.Event()
        self._canary_at = asyncio.get_running_loop().time()

    @classmethod
    async def open(cls, make_layer: Callable[[], Any]) -> LayerLink:
        """Take a new channel. Raises what the layer raises."""
        layer = make_layer()
        return cls(layer, await layer.new_channel("wsmigrate"))

    async def run(self, deliver: Callable[[dict[str, Any]], None]) -> None:
        """Hand each event to ``deliver``, in order, until LayerLostError is raised."""
        tasks = [
            asyncio.create_task(self._receive(deliver), name="layer-receive"),
            asyncio.create_task(self._send_canaries(), name="layer-canary"),
        ]
        try:
            while True:
                left = self._canary_at + _CANARY_LATE_S - asyncio.get_running_loop().time()
                if left <= 0:
                    raise LayerLostError("the canary message did not come back")
                done, _ = await asyncio.wait(
                    tasks, timeout=min(left, 1.0), return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    raise LayerLostError(type(task.exception()).__name__) from task.exception()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            _stop_stock_listener(self._layer)

    async def add(self, group: str) -> None:
        """Join a group. Raises what the layer raises."""
        await self._layer.group_add(group, self.channel)

    async def discard(self, groups: Iterable[str], channel: str | None = None) -> None:
        """Leave groups, or have another channel leave them, as far as the layer answers."""
        for group in groups:
            try:
                await self._discard(group, channel or self.channel)
            except Exception as error:  # layers raise what their databases raise
                logger.warning("A group was not left: %s", type(error).__name__)

    async def _discard(self, group: str, channel: str) -> None:
        try:
            await self._layer.group_discard(group, channel)
        except Exception:
            # channels-postgres does this one by Django's ORM, whose connection nobody replaces
            # after a restart of PostgreSQL.
            await sync_to_async(close_old_connections)()
            await self._layer.group_discard(group, channel)

    async def _receive(self, deliver: Callable[[dict[str, Any]], None]) -> None:
        loop = asyncio.get_running_loop()
        received = 0
        while True:
            event = await self._layer.receive(self.channel)
            if event.get("type") == _CANARY:
                self._canary_at = loop.time()
                self.ready.set()
                continue
            deliver(event)
            received += 1
            if received % _EVENTS_AT_A_TIME == 0:
                await asyncio.sleep(0)  # the outboxes want to send: a full queue is never awaited

    async def _send_canaries(self) -> None:
        while True:
            await self._layer.send(self.channel, {"type": _CANARY, "id": uuid.uuid4().hex})
            every = _CANARY_EVERY_S if self.ready.is_set() else _FIRST_CANARY_EVERY_S
            await asyncio.sleep(every)


def _stop_stock_listener(layer: Any) -> None:
    """End the task in which channels-postgres holds its LISTEN connection.

    It offers no way to: its own notice of a shutdown goes to the listeners of all processes.
    """
    for task in asyncio.all_tasks():
        coroutine = task.get_coro()
        frame = getattr(coroutine, "cr_frame", None)
        if (
            frame is not None
            and frame.f_code.co_name == "listen_to_all_channels"
            and frame.f_locals.get("self") is layer
        ):
            task.cancel()
