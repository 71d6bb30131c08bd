"""Publishing to the exchanges of rooms, for the reverse relay."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from bridge.reading import NOT_FOUND
from bridge.wire import connection_parameters
from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection, BrokerHosts
from wsmigrate.errors import UnavailableError
from wsmigrate.message import (
    PUBLISHED_AT_HEADER,
    REVERSE_RELAYED_HEADER,
    Message,
    published_at_header,
)
from wsmigrate.wiring import RoomWiring


class ExchangePublisher:
    """Publishes over one connection, in order, each message confirmed by the broker.

    A room whose exchange does not exist has no legacy socket, for these declare it before they bind
    to it: nothing is published, and no exchange is made.
    """

    def __init__(self, hosts: BrokerHosts, wiring: RoomWiring, patience_s: float) -> None:
        self._hosts = hosts
        self._wiring = wiring
        self._patience_s = patience_s
        self._connection: AmqpConnection | None = None
        self._channel: AmqpChannel | None = None
        self._there: set[str] = set()
        self._confirmed = 0
        self._sent = 0
        self._refused = False
        self._progress = asyncio.Event()

    async def publish(self, messages: Sequence[Message]) -> int:
        """Return once the broker has them; how many there were of rooms with an exchange.

        Raises AmqpClosedError, TimeoutError, UnavailableError: some may have been published then.
        """
        count = 0
        for message in messages:
            if await self._is_there(message.room):
                await self._put(message)
                count += 1
        async with asyncio.timeout(self._patience_s):
            while self._confirmed < self._sent:
                await self._until_progress()
        if self._refused:
            raise UnavailableError("RabbitMQ refused a message.")
        return count

    async def close(self) -> None:
        """Disconnect; the next call connects again."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            await connection.close(1.0)

    async def _is_there(self, room: str) -> bool:
        exchange = self._wiring.place_of(room).exchange
        channel = await self._open_channel()
        if not exchange or exchange in self._there:
            return True
        try:
            # On a channel of its own: the broker closes it to say no, and would take with it what
            # is not confirmed yet.
            asking = await self._connected_channel()
            await asking.rpc("exchange_declare", exchange=exchange, passive=True)
        except AmqpClosedError as error:
            if error.reply_code != NOT_FOUND or channel.closed.done():
                raise
            return False
        asking.raw.close()
        self._there.add(exchange)
        return True

    async def _put(self, message: Message) -> None:
        channel = await self._open_channel()
        place = self._wiring.place_of(message.room)
        headers = {REVERSE_RELAYED_HEADER: "1"}
        if message.published_at is not None:
            headers[PUBLISHED_AT_HEADER] = published_at_header(message.published_at)
        channel.raw.basic_publish(
            place.exchange,
            place.routing_key,
            message.text.encode("utf-8"),
            pika.BasicProperties(
                content_type="application/json", message_id=message.id, headers=headers
            ),
        )
        self._sent += 1

    async def _until_progress(self) -> None:
        channel = await self._open_channel()
        progress = asyncio.ensure_future(self._progress.wait())
        try:
            await channel.unless_closed(progress)
        finally:
            progress.cancel()
            self._progress.clear()

    async def _open_channel(self) -> AmqpChannel:
        if self._channel is not None:
            if self._channel.closed.done():
                reason = self._channel.closed.result()
                await self.close()
                raise AmqpClosedError(reason)
            return self._channel
        self._connection = await self._hosts.connect(
            lambda url: functools.partial(AsyncioConnection, connection_parameters(url)),
            self._patience_s,
        )
        channel = await self._connection.channel()
        self._there.clear()
        self._confirmed = self._sent = 0
        self._refused = False
        await channel.rpc("confirm_delivery", ack_nack_callback=self._on_confirm)
        self._channel = channel
        return channel

    async def _connected_channel(self) -> AmqpChannel:
        if self._connection is None:
            raise AmqpClosedError("the connection is closed")
        return await self._connection.channel()

    def _on_confirm(self, frame: Any) -> None:
        self._confirmed = max(self._confirmed, int(frame.method.delivery_tag))
        self._refused = self._refused or isinstance(frame.method, pika.spec.Basic.Nack)
        self._progress.set()
