"""A queue of one's own on the exchange of a room."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Callable

import gevent
import pika

from wsmigrate.errors import ConfigError, UnavailableError
from wsmigrate.topology import ROOM_EXCHANGE

_PRECONDITION_FAILED = 406
_OPEN_TIMEOUT_S = 15.0
_PIKA_1 = int(pika.__version__.partition(".")[0]) >= 1

BROKER_ERRORS = (pika.exceptions.AMQPError, OSError)
"""What pika raises when a broker refuses, is away or goes away."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoomQueue:
    """An exclusive queue that is bound to a room's exchange, on a connection of its own.

    The broker drops the queue with the connection, so ``connection.close()`` ends it all.
    """

    connection: Any
    channel: Any
    name: str

    def consume(self, on_message: Callable[..., None]) -> None:
        """Ask for messages: ``on_message(channel, method, properties, body)``, to be acknowledged.
        They come while the connection's events are processed."""
        # pika 1.0 gave the argument another name and another place.
        argument = "on_message_callback" if _PIKA_1 else "consumer_callback"
        self.channel.basic_consume(queue=self.name, **{argument: on_message})

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call once, from within the processing of the connection's events."""
        later = self.connection.call_later if _PIKA_1 else self.connection.add_timeout
        later(seconds, callback)


def connection_parameters(amqp_url: str) -> pika.ConnectionParameters:
    """How to reach the broker. Raises ConfigError for a URL that pika does not understand."""
    try:
        return pika.URLParameters(amqp_url)
    except Exception as error:
        # pika evaluates parts of the URL, so anything may come; its text may quote the URL.
        raise ConfigError(
            f"pika cannot use the AMQP URL ({type(error).__name__}).",
            remedy="It has to look like amqp://user:password@host:5672/vhost.",
        ) from None


def open_room_queue(parameters: pika.ConnectionParameters, room: str) -> RoomQueue:
    """Connect, declare the room's exchange, and bind a new exclusive queue to it.

    When it returns, whatever is published to the exchange is kept for the caller. Raises
    UnavailableError when the broker is away or refuses.
    """
    connection = None
    try:
        with gevent.Timeout(_OPEN_TIMEOUT_S, TimeoutError("the broker does not answer")):
            connection = pika.BlockingConnection(parameters)
            channel = _channel_with_exchange(connection, room)
            name = channel.queue_declare(queue="", exclusive=True).method.queue
            channel.queue_bind(queue=name, exchange=room)
    except BROKER_ERRORS as error:
        close_quietly(connection)
        raise UnavailableError(
            f"The broker gave no queue for the room {room!r} ({_reason(error)})."
        ) from None
    return RoomQueue(connection, channel, name)


def close_quietly(connection: Any) -> None:
    """Close the connection if it is open; a broker that is gone by now is as good as closed."""
    if connection is None or not connection.is_open:
        return
    try:
        connection.close()
    except BROKER_ERRORS as error:
        logger.debug("closing a connection to the broker: %s", _reason(error))


def _channel_with_exchange(connection: Any, room: str) -> Any:
    channel = connection.channel()
    try:
        channel.exchange_declare(
            exchange=room,
            exchange_type=ROOM_EXCHANGE.exchange_type,
            durable=ROOM_EXCHANGE.durable,
            auto_delete=ROOM_EXCHANGE.auto_delete,
        )
    except pika.exceptions.ChannelClosed as error:
        if not error.args or error.args[0] != _PRECONDITION_FAILED:
            raise
        # It is there with other arguments: use it as it is. The broker has closed the channel.
        channel = connection.channel()
        channel.exchange_declare(exchange=room, passive=True)
    return channel


def _reason(error: BaseException) -> str:
    return type(error).__name__
