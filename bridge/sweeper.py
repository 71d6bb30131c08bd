"""Removes the bindings of server processes that have died without unbinding."""

from __future__ import annotations

import asyncio
import functools
import logging
import time

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

    Dead is who was not heard of for a minute, in which PostgreSQL was up and this bridge reached
    it. A process that was merely frozen finds out and binds anew. Several bridges may sweep at
    once: to unbind what is not bound is no error.
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
        self._reached_since: float | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._sweep()
            except (WsmigrateError, AmqpClosedError, TimeoutError) as error:
                logger.debug("Not swept: %s", error)
                self._reached_since = None
            await asyncio.sleep(min(_EVERY_S, self._dead_after_s / 4))

    async def _sweep(self) -> None:
        rows = await self._database.fetch(
            "SELECT b.owner, coalesce(array_agg(r.room) FILTER (WHERE r.room IS NOT NULL), '{}')"
            " FROM wsmigrate_binder AS b LEFT JOIN wsmigrate_bound_room AS r USING (owner)"
            " WHERE greatest(b.seen_at, pg_postmaster_start_time())"
            " < clock_timestamp() - make_interval(secs => %s) GROUP BY b.owner",
            (self._dead_after_s,),
        )
        now = time.monotonic()
        if self._reached_since is None:
            self._reached_since = now
        if not rows or now - self._reached_since < self._dead_after_s:
            return
        connection = await self._hosts.connect(
            lambda url: functools.partial(AsyncioConnection, connection_parameters(url)), 5.0
        )
        try:
            for owner, rooms in rows:
                await self._unbind(connection, str(owner), list(rooms))
                await self._database.execute(
                    "DELETE FROM wsmigrate_binder WHERE owner = %s"
                    " AND seen_at < clock_timestamp() - make_interval(secs => %s)",
                    (owner, self._dead_after_s),
                )
                logger.info("Removed the bindings of %d rooms of a dead server process", len(rooms))
        finally:
            await connection.close(1.0)

    async def _unbind(self, connection: AmqpConnection, owner: str, rooms: list[str]) -> None:
        bindings = RoomBindings(self._config, owner)
        channel = await connection.channel()
        for room in rooms:
            try:
                of_room = bindings.of(room)
            except RoomError:
                continue
            for binding in of_room:
                try:
                    await channel.rpc("queue_unbind", **binding.as_amqp())
                except AmqpClosedError as error:
                    if error.reply_code != NOT_FOUND:  # the exchange is gone, and all with it
                        raise
                    channel = await connection.channel()
