"""The old side as the broker has it: an own exclusive queue on the exchange of each room.

The body of a message is the payload of the old server's frame, so nobody has to join a server that
might not bear to be left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection
from wsmigrate.amqp_url import checked_amqp_url, redacted_url
from wsmigrate.errors import UnavailableError
from wsmigrate.topology import ROOM_EXCHANGE

_OPEN_S = 15.0
_OTHER_ARGUMENTS = 406  # PRECONDITION_FAILED


class RoomQueues:
    """Binds queues and hands over what comes, per room in the order of the broker. An async context
    manager; the queues go with it. ``closed`` is done when the broker has ended the connection."""

    def __init__(self, url: str, take: Callable[[str, bytes], None]) -> None:
        self._url = checked_amqp_url(url)
        self._take = take
        self._connection: AmqpConnection | None = None
        self._channel: AmqpChannel | None = None
        self._declaring: AmqpChannel | None = None

    async def __aenter__(self) -> RoomQueues:
        import pika  # noqa: PLC0415 - only who watches this way needs it
        from pika.adapters.asyncio_connection import AsyncioConnection  # noqa: PLC0415

        def connect(**callbacks: Any) -> Any:
            return AsyncioConnection(pika.URLParameters(self._url), **callbacks)

        try:
            self._connection = await AmqpConnection.open(connect, _OPEN_S)
            self._channel = await self._connection.channel()
        except (AmqpClosedError, TimeoutError) as error:
            raise UnavailableError(
                f"RabbitMQ at {redacted_url(self._url)} cannot be reached ({type(error).__name__})."
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            await self._connection.close()

    @property
    def closed(self) -> asyncio.Future[object]:
        """Done once the channel or its connection is gone."""
        if self._channel is None:
            raise RuntimeError("not connected")
        return self._channel.closed

    async def join(self, room: str) -> None:
        """Get what is published to a room from now on. Its exchange is declared as legacy servers
        declare it; one that is there with other arguments is used as it is. Raises
        UnavailableError."""
        channel = self._channel
        if channel is None:
            raise RuntimeError("not connected")
        try:
            await self._declare(room)
            answer = await channel.rpc("queue_declare", queue="", exclusive=True, auto_delete=True)
            queue = answer.method.queue
            await channel.rpc("queue_bind", queue=queue, exchange=room)
            await channel.rpc(
                "basic_consume",
                queue=queue,
                auto_ack=True,
                on_message_callback=lambda _channel, _method, _properties, body: self._take(
                    room, body
                ),
            )
        except AmqpClosedError as error:
            raise UnavailableError(
                f"RabbitMQ gave no queue for the room {room!r}: {error}."
            ) from error

    async def _declare(self, room: str) -> None:
        """On a channel of its own, which the broker closes where it refuses."""
        if self._connection is None:
            raise RuntimeError("not connected")
        if self._declaring is None or self._declaring.closed.done():
            self._declaring = await self._connection.channel()
        try:
            await self._declaring.rpc(
                "exchange_declare",
                exchange=room,
                exchange_type=ROOM_EXCHANGE.exchange_type,
                durable=ROOM_EXCHANGE.durable,
                auto_delete=ROOM_EXCHANGE.auto_delete,
            )
        except AmqpClosedError as error:
            if error.reply_code != _OTHER_ARGUMENTS:
                raise
