"""Publishing to the exchanges of rooms, for the reverse relay."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
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
from wsmigrate.publisher_confirms import Unconfirmed
from wsmigrate.rooms import RoomError, checked_room
from wsmigrate.wiring import Place, RoomWiring

logger = logging.getLogger(__name__)

_SHORT_TEXT_BYTES = 255
"""What a message's id may have in AMQP (0-9-1, 4.2.5.3)."""


class ExchangePublisher:
    """Publishes over one connection, in order, each message confirmed by the broker.

    A room whose exchange does not exist has no legacy socket, for these declare it before they bind
    to it: nothing is published, and no exchange is made. Nor is anything for a room that cannot be,
    for anybody may have written its name into the layer.

    A broker that takes nothing for the time being, as it says in an alarm, is waited for on the
    same connection: what was sent lies in it, and would be published once more by another try.
    """

    def __init__(self, hosts: BrokerHosts, wiring: RoomWiring, patience_s: float) -> None:
        self._hosts = hosts
        self._wiring = wiring
        self._patience_s = patience_s
        self._connection: AmqpConnection | None = None
        self._channel: AmqpChannel | None = None
        self._there: set[str] = set()
        self._unconfirmed: Unconfirmed[None] = Unconfirmed()
        self._refused = False
        self._blocked = False
        self._heard_at = time.monotonic()
        self._progress = asyncio.Event()

    async def publish(self, messages: Sequence[Message]) -> int:
        """Return once the broker has them; how many there were of rooms with an exchange.

        Raises AmqpClosedError, TimeoutError, UnavailableError: some may have been published then.
        """
        self._heard_at = time.monotonic()
        publishing = asyncio.ensure_future(self._publish(messages))
        try:
            while not publishing.done():
                if self._blocked:
                    self._heard_at = time.monotonic()
                left_s = self._heard_at + self._patience_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError("RabbitMQ does not answer.")
                await asyncio.wait({publishing}, timeout=left_s)
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        return publishing.result()

    async def close(self) -> None:
        """Disconnect; the next call connects again."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            await connection.close(1.0)

    async def _publish(self, messages: Sequence[Message]) -> int:
        count = 0
        for message in messages:
            place = self._place_of(message)
            if place is not None and await self._is_there(place.exchange):
                await self._put(message, place)
                count += 1
        while self._unconfirmed:
            await self._until_progress()
        if self._refused:
            raise UnavailableError("RabbitMQ refused a message.")
        return count

    def _place_of(self, message: Message) -> Place | None:
        try:
            return self._wiring.place_of(checked_room(message.room))
        except RoomError as error:
            logger.warning("A message of the layer is not published: %s", error.what)
            return None

    async def _is_there(self, exchange: str) -> bool:
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
        finally:
            self._heard_at = time.monotonic()
        asking.raw.close()
        self._there.add(exchange)
        return True

    async def _put(self, message: Message, place: Place) -> None:
        channel = await self._open_channel()
        headers = {REVERSE_RELAYED_HEADER: "1"}
        if message.published_at is not None:
            headers[PUBLISHED_AT_HEADER] = published_at_header(message.published_at)
        fits = len(message.id.encode("utf-8")) <= _SHORT_TEXT_BYTES
        channel.raw.basic_publish(
            place.exchange,
            place.routing_key,
            message.text.encode("utf-8"),
            pika.BasicProperties(
                content_type="application/json",
                message_id=message.id if fits else None,  # legacy clients know no ids
                headers=headers,
            ),
        )
        self._unconfirmed.sent(None)

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
        self._connection = await self._hosts.connect(self._factory, self._patience_s)
        channel = await self._connection.channel()
        self._there.clear()
        self._unconfirmed = Unconfirmed()
        self._refused = False
        await channel.rpc("confirm_delivery", ack_nack_callback=self._on_confirm)
        self._channel = channel
        self._heard_at = time.monotonic()
        return channel

    def _factory(self, url: str) -> Any:
        make = functools.partial(AsyncioConnection, connection_parameters(url))

        def made(**callbacks: Any) -> AsyncioConnection:
            connection = make(**callbacks)
            self._blocked = False
            connection.add_on_connection_blocked_callback(self._on_blocked)
            connection.add_on_connection_unblocked_callback(self._on_unblocked)
            return connection

        return made

    async def _connected_channel(self) -> AmqpChannel:
        if self._connection is None:
            raise AmqpClosedError("the connection is closed")
        return await self._connection.channel()

    def _on_blocked(self, _connection: Any, _frame: Any) -> None:
        logger.warning("RabbitMQ takes nothing for the time being: it is short of memory or disk")
        self._blocked = True

    def _on_unblocked(self, _connection: Any, _frame: Any) -> None:
        self._heard_at = time.monotonic()
        self._blocked = False

    def _on_confirm(self, frame: Any) -> None:
        self._unconfirmed.settle(frame.method)
        self._refused = self._refused or isinstance(frame.method, pika.spec.Basic.Nack)
        self._heard_at = time.monotonic()
        self._progress.set()
