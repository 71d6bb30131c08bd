"""What is behind ``publish(room, text)``: a channel layer, RabbitMQ, or the bare server's trigger.

All of them keep their connections, are called by many senders at once on one event loop, and return
once the other side has taken the message.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from benchmarks.servers import trigger
from wsmigrate.message import DEFAULT_EVENT_NAME, Message, Via, event_of_message
from wsmigrate.rooms import group_of_room
from wsmigrate.topology import ROOM_EXCHANGE

VARIABLE = "BENCH_PUBLISHES_TO"
"""Names the backend: ``layer``, ``rabbitmq`` or ``trigger``."""


class Backend(Protocol):
    """A destination for messages."""

    async def open(self, rooms: Sequence[str]) -> None:
        """Connect, and make ready what publishing to these rooms needs."""

    async def publish(self, room: str, text: str) -> None:
        """Return once the message is taken."""

    async def close(self) -> None:
        """Disconnect."""


class LayerBackend:
    """``group_send`` of the channel layer in the Django settings, with the event that wsmigrate's
    publisher sends: django-notifs' own, and keys that its consumer ignores."""

    def __init__(self) -> None:
        self._layer: Any = None

    async def open(self, rooms: Sequence[str]) -> None:  # noqa: ARG002
        import django  # noqa: PLC0415 - the other backends do without

        django.setup()
        from channels.layers import get_channel_layer  # noqa: PLC0415

        self._layer = get_channel_layer()

    async def publish(self, room: str, text: str) -> None:
        message = Message(uuid.uuid4().hex, room, text, Via.CHANNELS)
        event = event_of_message(message, DEFAULT_EVENT_NAME)
        await self._layer.group_send(group_of_room(room), event)

    async def close(self) -> None:
        close = getattr(self._layer, "close", None)
        if close is not None:
            await close()


class RabbitBackend:
    """The room's exchange, over one kept connection; taken means confirmed by the broker."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._channel: Any = None
        self._tag = 0
        self._unconfirmed: dict[int, asyncio.Future[None]] = {}

    async def open(self, rooms: Sequence[str]) -> None:
        if self._channel is None:
            await self._connect()
        loop = asyncio.get_running_loop()
        for room in rooms:
            declared: asyncio.Future[None] = loop.create_future()
            self._channel.exchange_declare(
                room,
                ROOM_EXCHANGE.exchange_type,
                durable=ROOM_EXCHANGE.durable,
                auto_delete=ROOM_EXCHANGE.auto_delete,
                callback=lambda _frame, done=declared: done.set_result(None),
            )
            await declared

    async def publish(self, room: str, text: str) -> None:
        self._tag += 1
        confirmed = self._unconfirmed[self._tag] = asyncio.get_running_loop().create_future()
        self._channel.basic_publish(room, "", text.encode(), properties=_properties())
        await confirmed

    async def close(self) -> None:
        self._connection.close()

    async def _connect(self) -> None:
        import pika  # noqa: PLC0415
        from pika.adapters.asyncio_connection import AsyncioConnection  # noqa: PLC0415

        opened = asyncio.get_running_loop().create_future()
        self._connection = AsyncioConnection(
            pika.URLParameters(self._url),
            on_open_callback=opened.set_result,
            on_open_error_callback=lambda _, error: opened.set_exception(error),
        )
        await opened
        channel = asyncio.get_running_loop().create_future()
        self._connection.channel(on_open_callback=channel.set_result)
        self._channel = await channel
        confirming = asyncio.get_running_loop().create_future()
        self._channel.confirm_delivery(self._confirmed, callback=confirming.set_result)
        await confirming

    def _confirmed(self, frame: Any) -> None:
        """Basic.Ack; ``multiple`` confirms all tags up to this one (RabbitMQ, "Publisher
        confirms"). The broker says no only to what it cannot hold, which would show as a loss."""
        tag = frame.method.delivery_tag
        tags = [tag]
        if frame.method.multiple:
            tags = [waiting for waiting in self._unconfirmed if waiting <= tag]
        for confirmed in tags:
            self._unconfirmed.pop(confirmed).set_result(None)


def _properties() -> Any:
    """Those of wsmigrate's publisher: an id as in the other rows."""
    from pika import BasicProperties  # noqa: PLC0415

    return BasicProperties(content_type="application/json", message_id=uuid.uuid4().hex)


class TriggerBackend:
    """The bare server's Unix socket: the cheapest way to have another process send."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def open(self, rooms: Sequence[str]) -> None:  # noqa: ARG002
        if self._writer is None:
            reader, self._writer = await asyncio.open_unix_connection(self._path)
            self._reading = asyncio.create_task(self._read(reader), name="trigger")

    async def publish(self, room: str, text: str) -> None:
        if self._writer is None:
            raise RuntimeError("not open")
        taken = asyncio.get_running_loop().create_future()
        self._waiting.append(taken)
        self._writer.write(trigger.encoded(room, text))
        await taken

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while taken := await reader.read(1 << 16):
            for _ in taken:
                self._waiting.popleft().set_result(None)


def backend_of_environment(environ: Mapping[str, str]) -> Backend:
    """The backend that the environment names."""
    name = environ[VARIABLE]
    if name == "layer":
        return LayerBackend()
    if name == "rabbitmq":
        return RabbitBackend(environ["WSMIGRATE_AMQP_URL"])
    if name == "trigger":
        return TriggerBackend(environ[trigger.VARIABLE])
    raise ValueError(f"{VARIABLE} is {name!r}")
