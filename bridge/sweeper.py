"""Removes the bindings of server processes that have died without unbinding."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Mapping
from datetime import datetime

from pika.adapters.asyncio_connection import AsyncioConnection

from bridge.database import LayerDatabase
from bridge.reading import NOT_FOUND
from bridge.wire import connection_parameters
from wsmigrate.amqp import AmqpClosedError, AmqpConnection, BrokerHosts
from wsmigrate.config import Config
from wsmigrate.errors import WsmigrateError
from wsmigrate.room_bindings import RoomBindings
from wsmigrate.rooms import RoomError

logger = logging.getLogger(__name__)

DEAD_AFTER_S = 60.0
_EVERY_S = 15.0


class Sweeper:
    """Looks for dead server processes now and then, and unbinds what they had bound.

    Dead is whose heartbeat has not changed for a minute, by this process's own clock, in which it
    reached PostgreSQL each time. A process that was merely frozen finds out and binds anew. Several
    bridges may sweep at once: to unbind what is not bound is no error.
    """

    def __init__(
        self,
        config: Config,
        hosts: BrokerHosts,
        database: LayerDatabase,
        dead_after_s: float = DEAD_AFTER_S,
    ) -> None:
        self._config = config
        self._hosts = hosts
        self._database = database
        self._dead_after_s = dead_after_s
        self._beats: dict[str, tuple[datetime, float]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._sweep()
            except (WsmigrateError, AmqpClosedError, TimeoutError) as error:
                logger.debug("Not swept: %s", error)
                self._beats.clear()
            await asyncio.sleep(min(_EVERY_S, self._dead_after_s / 4))

    async def _sweep(self) -> None:
        rows = await self._database.fetch("SELECT owner, seen_at FROM wsmigrate_binder")
        dead = self._dead_of({str(owner): seen_at for owner, seen_at in rows})
        if not dead:
            return
        connection = await self._hosts.connect(
            lambda url: functools.partial(AsyncioConnection, connection_parameters(url)), 5.0
        )
        try:
            for owner in dead:
                rooms = await self._database.fetch(
                    "SELECT room FROM wsmigrate_bound_room WHERE owner = %s", (owner,)
                )
                await self._unbind(connection, owner, [str(room) for (room,) in rooms])
                # Whatever its heartbeat is by now: one that wakes meanwhile has to hear of it.
                await self._database.execute(
                    "DELETE FROM wsmigrate_binder WHERE owner = %s", (owner,)
                )
                logger.info("Removed the bindings of %d rooms of a dead server process", len(rooms))
        finally:
            await connection.close(1.0)

    def _dead_of(self, seen: Mapping[str, datetime]) -> list[str]:
        """Those whose heartbeat is the same for too long. The database's clock may be set."""
        now = time.monotonic()
        before = self._beats
        self._beats = {
            owner: before[owner] if owner in before and before[owner][0] == at else (at, now)
            for owner, at in seen.items()
        }
        return [
            owner for owner, (_, since) in self._beats.items() if now - since >= self._dead_after_s
        ]

    async def _unbind(self, connection: AmqpConnection, owner: str, rooms: list[str]) -> None:
        bindings = RoomBindings(self._config, owner)
        channel = await connection.channel()
        for room in rooms:
            try:
                of_room = bindings.possible(room)
            except RoomError:
                continue
            for binding in of_room:
                try:
                    await channel.rpc("queue_unbind", **binding.as_amqp())
                except AmqpClosedError as error:
                    if error.reply_code != NOT_FOUND:  # the exchange is gone, and all with it
                        raise
                    channel = await connection.channel()
