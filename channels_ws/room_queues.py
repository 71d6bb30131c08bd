"""Rooms that are a queue each: what is put into a room's queue goes on to the room's inbox."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from typing import Any

from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection
from wsmigrate.config import Config
from wsmigrate.wiring import FORWARDED_ROOM_HEADER

logger = logging.getLogger(__name__)

_NOT_FOUND = 404
_ACCESS_REFUSED = 403
_PREFETCH = 100
_RETRY_S = 1.0


class RoomQueues:
    """Takes from the queues of live rooms, over one connection, and publishes to the inboxes.

    A queue gives each message to one consumer, so a room has one at a time: this one is exclusive.
    While another process, or the old server, consumes a queue, it is tried again each second; until
    then messages wait, or are the other's. A message is acknowledged once the broker has confirmed
    it in the inbox: at least once, and in order. One without a ``message_id`` gets one.

    Each room takes a channel of its own, of which a connection has 2,047.
    """

    def __init__(self, connection: AmqpConnection, config: Config) -> None:
        self._connection = connection
        self._config = config
        self._takers: dict[str, asyncio.Task[None]] = {}
        self._out: AmqpChannel | None = None
        self._opening = asyncio.Lock()
        self._sent = 0
        self._unconfirmed: deque[tuple[int, AmqpChannel, int]] = deque()

    async def open(self, room: str) -> None:
        """Return once the queue exists: what is put into it from then on is not lost. Raises
        AmqpClosedError, and RoomError for a room that can have no queue."""
        queue = self._config.wiring.place_of(room).routing_key
        channel = await self._connection.channel()
        try:
            await channel.rpc("queue_declare", queue=queue, passive=True)
        except AmqpClosedError as error:
            if error.reply_code != _NOT_FOUND:
                raise
            channel = await self._connection.channel()
            durable = self._config.wiring.durable
            await channel.rpc("queue_declare", queue=queue, durable=durable)
        channel.raw.close()
        if room not in self._takers:
            self._takers[room] = asyncio.create_task(self._take(room, queue), name="room-queue")

    async def close(self, room: str) -> None:
        """Take nothing more; what is not acknowledged is put back."""
        taker = self._takers.pop(room, None)
        if taker is not None:
            taker.cancel()
            await asyncio.gather(taker, return_exceptions=True)

    async def _take(self, room: str, queue: str) -> None:
        while not self._connection.closed.done():
            channel: AmqpChannel | None = None
            try:
                await self._open_out()
                channel = await self._connection.channel()
                await self._consume(channel, room, queue)
                await asyncio.shield(channel.closed)
            except AmqpClosedError as error:
                if error.reply_code != _ACCESS_REFUSED:
                    logger.info("The queue of a room is not taken from: %s", error)
            finally:
                if channel is not None and not channel.closed.done():
                    channel.raw.close()
            await asyncio.sleep(_RETRY_S)

    async def _consume(self, channel: AmqpChannel, room: str, queue: str) -> None:
        inbox = self._config.inbox_of(room)

        def on_message(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            properties.headers = {**(properties.headers or {}), FORWARDED_ROOM_HEADER: room}
            self._forward(channel, method.delivery_tag, inbox, properties, body)

        channel.raw.add_on_cancel_callback(lambda _frame: channel.raw.close())
        await channel.rpc("basic_qos", prefetch_count=_PREFETCH)
        await channel.rpc(
            "basic_consume", queue=queue, on_message_callback=on_message, exclusive=True
        )

    def _forward(
        self, channel: AmqpChannel, tag: int, inbox: str, properties: Any, body: bytes
    ) -> None:
        out = self._out
        if out is None or out.closed.done():
            return  # not acknowledged, so it comes again
        properties.message_id = properties.message_id or uuid.uuid4().hex
        properties.user_id = None  # the broker refuses another user's
        out.raw.basic_publish("", inbox, body, properties)
        self._sent += 1
        self._unconfirmed.append((self._sent, channel, tag))

    async def _open_out(self) -> None:
        async with self._opening:
            if self._out is None or self._out.closed.done():
                out = await self._connection.channel()
                self._sent = 0
                self._unconfirmed.clear()
                await out.rpc("confirm_delivery", ack_nack_callback=self._on_confirm)
                self._out = out

    def _on_confirm(self, frame: Any) -> None:
        confirmed = int(frame.method.delivery_tag)
        taken = type(frame.method).__name__ == "Ack"
        while self._unconfirmed and self._unconfirmed[0][0] <= confirmed:
            _, channel, tag = self._unconfirmed.popleft()
            if channel.closed.done():
                continue
            if taken:
                channel.raw.basic_ack(tag)
            else:
                channel.raw.close()  # what is not acknowledged comes again, in order
