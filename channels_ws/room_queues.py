"""Rooms that are a queue each: what is put into a room's queue goes on to the room's inbox."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any

from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection
from wsmigrate.config import Config
from wsmigrate.publisher_confirms import Unconfirmed
from wsmigrate.rooms import RoomError
from wsmigrate.wiring import FORWARDED_ROOM_HEADER

logger = logging.getLogger(__name__)

_NOT_FOUND = 404
_ACCESS_REFUSED = 403
_PRECONDITION_FAILED = 406
_STREAM_OFFSET = "x-stream-offset"
_PREFETCH = 100
_RETRY_S = 1.0
_MOST = 2000
_OWN_ROUTES = ("CC", "BCC")
"""Headers by which a publisher has more queues take its message: they have had it already."""


class RoomQueues:
    """Takes from the queues of live rooms, over one connection, and publishes to the inboxes.

    A queue gives each message to one consumer, so a room has one at a time: this one is exclusive.
    While another process, or the old server, consumes a queue, it is tried again each second; until
    then messages wait, or are the other's. A message is acknowledged once the broker has confirmed
    it in the inbox: at least once, and in order. One without a ``message_id`` gets one. Where the
    inbox is gone the connection is closed, and another one declares it.

    A queue that is deleted is declared again, and ``on_lost`` hears of its room: nobody knows what
    was in it, or was published while it was not there. A stream is no queue: it would give each
    message to several, and begins with what comes next. Which it is shows with its first message;
    then ``on_lost`` hears of the room, and it is refused.

    Each room takes a channel of its own, of which a connection has 2,047.
    """

    def __init__(
        self, connection: AmqpConnection, config: Config, on_lost: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._config = config
        self._on_lost = on_lost
        self._takers: dict[str, asyncio.Task[None]] = {}
        self._streams: set[str] = set()
        self._out: AmqpChannel | None = None
        self._opening = asyncio.Lock()
        self._unconfirmed: Unconfirmed[tuple[AmqpChannel, int]] = Unconfirmed()

    async def open(self, room: str) -> None:
        """Return once the queue exists: what is put into it from then on is not lost. Raises
        AmqpClosedError, and RoomError for a room that can have no queue."""
        queue = self._config.wiring.place_of(room).routing_key
        if room in self._streams:
            raise RoomError(room, f"its queue {queue!r} is a stream, which cannot be taken from")
        if room not in self._takers and len(self._takers) >= _MOST:
            raise AmqpClosedError(f"one process takes from {_MOST:,} queues")
        await self._declare(queue)
        if room not in self._takers:
            self._takers[room] = asyncio.create_task(self._take(room, queue), name="room-queue")

    async def _declare(self, queue: str) -> None:
        """One that exists is used as it is, also where it has come into being this moment."""
        channel = await self._connection.channel()
        try:
            await channel.rpc("queue_declare", queue=queue, passive=True)
        except AmqpClosedError as error:
            if error.reply_code != _NOT_FOUND:
                raise
        else:
            channel.raw.close()
            return
        channel = await self._connection.channel()
        try:
            durable = self._config.wiring.durable
            await channel.rpc("queue_declare", queue=queue, durable=durable)
        except AmqpClosedError as error:
            if error.reply_code != _PRECONDITION_FAILED:
                raise
        else:
            channel.raw.close()

    async def close(self, room: str) -> None:
        """Take nothing more; what is not acknowledged is put back."""
        taker = self._takers.pop(room, None)
        if taker is not None:
            taker.cancel()
            await asyncio.gather(taker, return_exceptions=True)

    async def _take(self, room: str, queue: str) -> None:
        is_gone = False
        while not self._connection.closed.done() and room not in self._streams:
            channel: AmqpChannel | None = None
            cancelled = asyncio.Event()
            try:
                if is_gone:
                    await self._declare(queue)
                    logger.warning("A room's queue was deleted, and is declared again")
                    self._on_lost(room)
                    is_gone = False
                out = await self._open_out()
                channel = await self._connection.channel()
                await self._consume(channel, room, queue, cancelled)
                await asyncio.wait(
                    {channel.closed, out.closed}, return_when=asyncio.FIRST_COMPLETED
                )
            except AmqpClosedError as error:
                is_gone = is_gone or error.reply_code == _NOT_FOUND
                if error.reply_code != _ACCESS_REFUSED:
                    logger.info("The queue of a room is not taken from: %s", error)
            finally:
                if channel is not None and not channel.closed.done():
                    channel.raw.close()
            if cancelled.is_set():
                is_gone = True  # at once, for publishers go on
            else:
                await asyncio.sleep(_RETRY_S)

    async def _consume(
        self, channel: AmqpChannel, room: str, queue: str, cancelled: asyncio.Event
    ) -> None:
        inbox = self._config.inbox_of(room)

        def on_message(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            if _STREAM_OFFSET in (properties.headers or {}):
                self._refuse(room, channel)
                return
            headers = {**(properties.headers or {}), FORWARDED_ROOM_HEADER: room}
            for own in _OWN_ROUTES:
                headers.pop(own, None)
            properties.headers = headers
            self._forward(channel, method.delivery_tag, inbox, properties, body)

        def on_cancel(_frame: Any) -> None:
            cancelled.set()
            channel.raw.close()

        channel.raw.add_on_cancel_callback(on_cancel)
        await channel.rpc("basic_qos", prefetch_count=_PREFETCH)
        await channel.rpc(
            "basic_consume", queue=queue, on_message_callback=on_message, exclusive=True
        )

    def _refuse(self, room: str, channel: AmqpChannel) -> None:
        if room not in self._streams:
            self._streams.add(room)
            logger.error("The queue of the room %r is a stream: its clients are refused", room)
            self._on_lost(room)
            channel.raw.close()

    def _forward(
        self, channel: AmqpChannel, tag: int, inbox: str, properties: Any, body: bytes
    ) -> None:
        out = self._out
        if out is None or out.closed.done():
            return  # not acknowledged, so it comes again
        properties.message_id = properties.message_id or uuid.uuid4().hex
        properties.user_id = None  # the broker refuses another user's
        out.raw.basic_publish("", inbox, body, properties, mandatory=True)
        self._unconfirmed.sent((channel, tag))

    async def _open_out(self) -> AmqpChannel:
        async with self._opening:
            if self._out is None or self._out.closed.done():
                out = await self._connection.channel()
                self._unconfirmed = Unconfirmed()
                await out.rpc("confirm_delivery", ack_nack_callback=self._on_confirm)
                out.raw.add_on_return_callback(self._on_return)
                self._out = out
            return self._out

    def _on_return(self, _channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        """A return comes before the confirmation of the same message, which then is for nobody."""
        logger.warning("%s is gone: it is declared again", method.routing_key)
        self._unconfirmed = Unconfirmed()
        self._connection.begin_to_close()

    def _on_confirm(self, frame: Any) -> None:
        taken = type(frame.method).__name__ == "Ack"
        for channel, tag in self._unconfirmed.settle(frame.method):
            if not channel.raw.is_open:
                continue
            if taken:
                channel.raw.basic_ack(tag)
            else:
                channel.raw.close()  # what is not acknowledged comes again, in order
