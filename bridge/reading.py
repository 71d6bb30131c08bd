"""Reading an inbox: from which message on, and what a delivery of the broker says."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bridge.delivery import Delivery
from bridge.properties import described_properties
from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection
from wsmigrate.config import Config
from wsmigrate.message import is_reverse_relayed, published_at_of_headers

PRECONDITION_FAILED = 406
NOT_FOUND = 404

OnDelivery = Callable[[Delivery], None]
Fail = Callable[[Exception], None]
OnMissing = Callable[[], Awaitable[None]]
"""Is called before an inbox that does not exist is declared: whoever had bound rooms to it has lost
the bindings."""


class Reading(Protocol):
    """How an inbox is read, over one connection."""

    heard_new: bool
    """Whether a message that the layer does not have yet was delivered."""

    acknowledge_every: int
    """How many relayed messages may wait for their acknowledgement."""

    async def begin(
        self, connection: AmqpConnection, on_delivery: OnDelivery, fail: Fail
    ) -> AmqpChannel:
        """Have the broker deliver: ``on_delivery`` gets the messages in their order, ``fail`` what
        ends the reading. The channel is the one to acknowledge on.

        Raises AmqpClosedError, and CursorBeyondEndError of a stream.
        """

    async def watch(self, connection: AmqpConnection) -> None:
        """Look after the reading until cancelled."""


class QueueReading:
    """An inbox that is a queue: what was delivered and not acknowledged comes again, first and in
    order. Only the holder of the inbox's lease reads, so the order holds."""

    def __init__(self, config: Config, inbox: str, on_missing: OnMissing) -> None:
        self._config = config
        self._inbox = inbox
        self._on_missing = on_missing
        self.heard_new = False
        self.acknowledge_every = 1

    async def begin(
        self, connection: AmqpConnection, on_delivery: OnDelivery, fail: Fail
    ) -> AmqpChannel:
        """As Reading."""
        del fail
        channel = await connection.channel()
        if not await is_there(channel, self._inbox):
            await self._on_missing()
            channel = await declared(connection, self._inbox, self._config)

        def on_message(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            self.heard_new = True
            on_delivery(
                delivery_of(
                    self._config,
                    method,
                    properties,
                    body,
                    position=None,
                    redelivered=bool(method.redelivered),
                )
            )

        await channel.rpc("basic_qos", prefetch_count=self._config.bridge_prefetch)
        await channel.rpc("basic_consume", queue=self._inbox, on_message_callback=on_message)
        return channel

    async def watch(self, connection: AmqpConnection) -> None:
        """There is nothing to look after."""
        del connection
        await asyncio.Event().wait()


def delivery_of(
    config: Config,
    method: Any,
    properties: Any,
    body: bytes,
    *,
    position: int | None,
    redelivered: bool,
    after_gap: bool = False,
) -> Delivery:
    """What a message of the broker says, for the relay."""
    headers = properties.headers or {}
    exchange, key = as_text(method.exchange), as_text(method.routing_key or "")
    message_id = properties.message_id
    return Delivery(
        tag=method.delivery_tag,
        position=position,
        room=config.wiring.room_of(exchange, key, headers),
        message_id=message_id if isinstance(message_id, str) and message_id else None,
        body=body,
        published_at=published_at_of_headers(headers),
        properties=functools.partial(
            described_properties, properties, exchange=exchange, routing_key=key
        ),
        redelivered=redelivered,
        marked=is_reverse_relayed(headers),
        after_gap=after_gap,
        came_at=time.time(),
    )


async def is_there(channel: AmqpChannel, inbox: str) -> bool:
    """Whether the inbox exists, whatever its arguments; if not, the channel is closed.

    Raises AmqpClosedError.
    """
    try:
        await channel.rpc("queue_declare", queue=inbox, passive=True)
    except AmqpClosedError as error:
        # A cluster says 404 as well of a queue whose node is down: that one is not lost.
        if error.reply_code != NOT_FOUND or "no queue" not in str(error):
            raise
        return False
    return True


async def declared(connection: AmqpConnection, inbox: str, config: Config) -> AmqpChannel:
    """A channel, and the inbox exists. One with other arguments is used as it is.

    Raises AmqpClosedError.
    """
    channel = await connection.channel()
    try:
        await channel.rpc(
            "queue_declare", queue=inbox, durable=True, arguments=config.inbox_arguments
        )
    except AmqpClosedError as error:
        if error.reply_code != PRECONDITION_FAILED:
            raise
        channel = await connection.channel()
    return channel


def as_text(name: str | bytes) -> str:
    """A name from the broker; one that is not UTF-8 becomes one that no room can have."""
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
