"""Markers into the inboxes, and whether they have come out."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pika
import pika.exceptions

from bridge.positions import start_after
from wsmigrate.amqp_url import redacted_url
from wsmigrate.barrier import Marker
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.topology import ROOM_EXCHANGE, InboxKind

_READ_WITHIN_S = 10.0
_PRECONDITION_FAILED = 406


class Inboxes:
    """The inboxes of an installation, from the publishers' end. Raises UnavailableError."""

    def __init__(self, config: Config) -> None:
        self._urls = config.amqp_urls
        self._is_stream = config.inbox_kind is InboxKind.STREAM
        self._names = config.inbox_names
        self._prefix = config.inbox_prefix
        self._arguments = config.inbox_arguments

    def send_markers(self, revision: int) -> dict[str, int | None]:
        """Put a marker into each inbox, behind everything that was published before. The offset of
        each, by the name of the inbox: a bridge that has got there has relayed all before it. None
        for an inbox that is a queue and no stream."""
        with self._connected() as connection:
            for inbox in self._names:
                self._declare(connection, inbox)
            publishing = connection.channel()
            publishing.confirm_delivery()
            return {
                inbox: self._send(
                    connection, publishing, inbox, Marker(number, revision, self._prefix)
                )
                for number, inbox in enumerate(self._names)
            }

    def not_relayed(
        self, offsets: Mapping[str, int | None], cursors: Mapping[str, int]
    ) -> list[str]:
        """The inboxes that are not relayed up to their markers yet; ``cursors``: see
        bridge.positions. A queue is relayed when it is empty."""
        with self._connected() as connection:
            return [
                inbox
                for inbox, offset in offsets.items()
                if (
                    self._declare(connection, inbox) > 0
                    if offset is None
                    else start_after(cursors.get(inbox)).offset <= offset
                )
            ]

    def _send(self, connection: Any, publishing: Any, inbox: str, marker: Marker) -> int | None:
        if self._is_stream:
            return _sent(connection, publishing, inbox, marker)
        _publish(publishing, inbox, marker, uuid.uuid4().hex)
        return None

    def _declare(self, connection: Any, inbox: str) -> int:
        """How much is in it. One that exists with another retention is used as it is."""
        try:
            declared = connection.channel().queue_declare(
                inbox, durable=True, arguments=self._arguments
            )
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != _PRECONDITION_FAILED:
                raise
            declared = connection.channel().queue_declare(inbox, passive=True)
        return int(declared.method.message_count)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            with contextlib.closing(
                pika.BlockingConnection([pika.URLParameters(url) for url in self._urls])
            ) as connection:
                yield connection
        except (pika.exceptions.AMQPError, OSError) as error:
            raise UnavailableError(
                f"RabbitMQ at {', '.join(map(redacted_url, self._urls))} did not take a marker "
                f"({type(error).__name__})."
            ) from error


def _sent(connection: Any, publishing: Any, inbox: str, marker: Marker) -> int:
    """Read the inbox from its end on, publish, and look for it: who publishes is not told the
    offset."""
    message_id = uuid.uuid4().hex
    found: list[int] = []

    def look(channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        if properties.message_id == message_id:
            found.append(int(properties.headers["x-stream-offset"]))
        else:
            channel.basic_ack(method.delivery_tag)

    reading = connection.channel()
    # One at a time, and the marker is not acknowledged: nothing comes after it. What has come and
    # was not looked at pika gives back when it closes the channel, and for a stream that is an
    # error (540, NOT_IMPLEMENTED) which ends the connection.
    reading.basic_qos(prefetch_count=1)
    reading.basic_consume(inbox, look, arguments={"x-stream-offset": "next"})
    _publish(publishing, inbox, marker, message_id)
    deadline = time.monotonic() + _READ_WITHIN_S
    while not found:
        if time.monotonic() > deadline:
            raise UnavailableError(f"RabbitMQ does not deliver what was put into {inbox}.")
        connection.process_data_events(time_limit=0.1)
    reading.close()
    return found[0]


def _publish(channel: Any, inbox: str, marker: Marker, message_id: str) -> None:
    """By a binding of its own, for this marker only; confirmed by the broker."""
    channel.exchange_declare(
        exchange=marker.room,
        exchange_type=ROOM_EXCHANGE.exchange_type,
        durable=ROOM_EXCHANGE.durable,
        auto_delete=ROOM_EXCHANGE.auto_delete,
    )
    channel.queue_bind(queue=inbox, exchange=marker.room, routing_key=message_id)
    try:
        channel.basic_publish(
            exchange=marker.room,
            routing_key="",
            body=marker.text.encode(),
            properties=pika.BasicProperties(message_id=message_id),
        )
    finally:
        channel.queue_unbind(queue=inbox, exchange=marker.room, routing_key=message_id)
