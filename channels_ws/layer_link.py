"""The hub's link to the channel layer: one channel, watched by a canary."""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from wsmigrate.errors import UnavailableError
from wsmigrate.gap import GAPS_GROUP

logger = logging.getLogger(__name__)

Event = dict[str, Any]

_CANARY = "wsmigrate.canary"
_CANARY_EVERY_S = 2.0
_FIRST_CANARY_EVERY_S = 0.1
_CANARY_LATE_S = 8.0
_RETRY_S = 0.5
_TURN_S = 0.01
_JOINS_AT_ONCE = 32
RENEW_AFTER = 0.3
"""Of the time for which a membership lasts: one try may fail, and another."""


class LayerLostError(UnavailableError):
    """The layer failed, or the canary did not come back: messages may have been missed."""


@dataclass(frozen=True)
class LinkEvents:
    """What a link tells. ``deliver``: an event came. ``gap``: messages are missing, for the reason
    that is given, and the link goes on. ``canary``: the link's own message came back."""

    deliver: Callable[[Event], None]
    gap: Callable[[str], None]
    canary: Callable[[], None]


class LayerLink:
    """A channel of a layer, from its opening to its failure. A new link takes a new channel.

    ``ready`` is set once a first canary message, which the link sends to itself, has come back:
    some layers lose what is sent while they begin to listen.

    A layer that says ``catches_up = True`` reconnects by itself and raises what it could not make
    good. Its link never ends: a failure of ``receive`` is a gap, and a canary that is late is none.
    With any other layer both end the link, for what was missed meanwhile is lost.
    """

    def __init__(self, layer: Any, channel: str) -> None:
        self.layer = layer
        self.channel = channel
        self.ready = asyncio.Event()
        self._catches_up = bool(getattr(layer, "catches_up", False))
        self._canary_at = asyncio.get_running_loop().time()
        self._canary_fails = False
        self._hears_gaps: tuple[int, float] | None = None  # after which flush, and since when
        # Layers differ in how many connections they open for joins at the same time.
        self._joins = asyncio.Semaphore(_JOINS_AT_ONCE)

    @classmethod
    async def open(cls, make_layer: Callable[[], Any]) -> LayerLink:
        """Take a new channel. Raises what the layer raises."""
        layer = make_layer()
        return cls(layer, await layer.new_channel("wsmigrate"))

    @property
    def membership_s(self) -> float | None:
        """For how many seconds the layer keeps a channel in a group that it has joined; None if it
        sets no time."""
        expiry = getattr(self.layer, "group_expiry", None)
        return float(expiry) if expiry else None

    async def run(self, events: LinkEvents) -> None:
        """Tell of events, in their order, until LayerLostError is raised."""
        tasks = [
            asyncio.create_task(self._receive(events), name="layer-receive"),
            asyncio.create_task(self._send_canaries(), name="layer-canary"),
        ]
        try:
            while True:
                done, _ = await asyncio.wait(
                    tasks, timeout=self._patience_s(), return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    raise _lost_by(task)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            _stop_stock_listener(self.layer)

    async def add(self, group: str) -> None:
        """Join a group. Raises what the layer raises."""
        async with self._joins:
            await self.layer.group_add(group, self.channel)

    async def discard(self, groups: Iterable[str], channel: str | None = None) -> None:
        """Leave groups, or have another channel leave them, as far as the layer answers."""
        for group in groups:
            try:
                await self._discard(group, channel or self.channel)
            except Exception as error:  # layers raise what their databases raise
                logger.warning("A group was not left: %s", type(error).__name__)

    async def _discard(self, group: str, channel: str) -> None:
        async with self._joins:
            try:
                await self.layer.group_discard(group, channel)
            except Exception:
                # channels-postgres does this one by Django's ORM, whose connection nobody replaces
                # after a restart of PostgreSQL.
                await sync_to_async(close_old_connections)()
                await self.layer.group_discard(group, channel)

    def _patience_s(self) -> float | None:
        """How long to wait before looking again. Raises LayerLostError if the canary is late."""
        if self._catches_up:
            return None
        left = self._canary_at + _CANARY_LATE_S - asyncio.get_running_loop().time()
        if left <= 0:
            raise LayerLostError("the canary message did not come back")
        return min(left, 1.0)

    async def _receive(self, events: LinkEvents) -> None:
        loop = asyncio.get_running_loop()
        turn_began = loop.time()
        while True:
            for event in await self._next_events(events):
                if event.get("type") == _CANARY:
                    self._canary_at = loop.time()
                    self.ready.set()
                    events.canary()
                else:
                    events.deliver(event)
                # Layers hand over what has come already without letting anybody else have a turn.
                if loop.time() - turn_began > _TURN_S:
                    await asyncio.sleep(0)
                    turn_began = loop.time()

    async def _next_events(self, events: LinkEvents) -> list[Event]:
        receive_many = getattr(self.layer, "receive_many", None)
        try:
            if receive_many is None:
                return [await self.layer.receive(self.channel)]
            return list(await receive_many(self.channel))
        except Exception as error:
            if not self._catches_up:
                raise
            events.gap(type(error).__name__)
            if not isinstance(error, UnavailableError):  # it may be raised again at once
                await asyncio.sleep(_RETRY_S)
            return []

    async def _send_canaries(self) -> None:
        while True:
            try:
                await self._stay_where_gaps_are_told()
                await self.layer.send(self.channel, {"type": _CANARY, "id": uuid.uuid4().hex})
                self._canary_fails = False
            except Exception as error:
                if not self._catches_up:
                    raise
                self._say_once(error)
            await asyncio.sleep(_CANARY_EVERY_S if self.ready.is_set() else _FIRST_CANARY_EVERY_S)

    async def _stay_where_gaps_are_told(self) -> None:
        """Be in the group of the inboxes' gaps, anew after a flush or before that expires."""
        flushes, now = getattr(self.layer, "flushes", 0), asyncio.get_running_loop().time()
        if self._hears_gaps is not None:
            after, since = self._hears_gaps
            if after == flushes and now < since + (self.membership_s or math.inf) * RENEW_AFTER:
                return
        await self.add(GAPS_GROUP)
        self._hears_gaps = flushes, now

    def _say_once(self, error: Exception) -> None:
        if not self._canary_fails:
            logger.warning(
                "The channel layer takes no messages (%s). Sockets stay open, and get what they "
                "missed when it is back",
                type(error).__name__,
            )
        self._canary_fails = True


def _lost_by(task: asyncio.Task[None]) -> LayerLostError:
    if task.cancelled():
        return LayerLostError("receiving was cancelled")
    error = LayerLostError(type(task.exception()).__name__)
    error.__cause__ = task.exception()
    return error


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
