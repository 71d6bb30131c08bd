"""Publishing to RabbitMQ, as legacy publishers do: to the fanout exchange with the room's name, or
as the application wires its rooms."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import pika
import pika.exceptions

try:
    # What a broker that accepts and says nothing ends in: no AMQPError, though it is one.
    from pika.adapters.utils.connection_workflow import AMQPConnectorException
except ImportError:  # pika before 1.0
    AMQPConnectorException = pika.exceptions.AMQPError

from channels_ws.notify.publication import Publication
from wsmigrate.config import redacted_url
from wsmigrate.errors import UnavailableError
from wsmigrate.message import PUBLISHED_AT_HEADER, published_at_header
from wsmigrate.topology import ROOM_EXCHANGE
from wsmigrate.wiring import Place, RoomForm, RoomWiring

logger = logging.getLogger(__name__)

_PRECONDITION_FAILED = 406
_MAX_DECLARED = 10_000
_CONNECT_S = 5
_BROKEN = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)
# Bounds how long a publish may hang on a broker that is frozen: pika gives up after about two
# intervals. A connection that was idle for longer is closed by the broker, and opened again.
_DEFAULTS = {"heartbeat": 30, "blocked_connection_timeout": 30}


class RabbitPublisher:
    """Publishes over one kept connection per thread, reconnecting as needed.

    With ``confirms`` (the default) a return means that the broker has put the message into every
    queue and inbox that was bound, and so messages that one client posts one after another arrive
    in that order even when different threads publish them. A publish whose connection breaks is
    sent once more with the same id: at least once. Runs with pika 0.13.1 and 1.x.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        *,
        confirms: bool = True,
        wiring: RoomWiring = RoomWiring(),  # noqa: B008 - it is frozen
    ) -> None:
        """``url`` may be several, of hosts of one broker: they are tried in turn."""
        self._urls = [url] if isinstance(url, str) else list(url)
        self._confirms = confirms
        self._wiring = wiring
        self._local = threading.local()

    def publish(self, publication: Publication) -> None:
        """Publish, or raise UnavailableError when the broker cannot be had."""
        published_at = time.time()
        try:
            self._connection().publish(publication, published_at)
            return
        except _BROKEN as error:
            self._drop(error)
        try:
            self._connection().publish(publication, published_at)
        except _BROKEN as error:
            self._drop(error)
            raise UnavailableError(
                f"The message was not published: RabbitMQ at {redacted_url(self._urls[0])} "
                f"failed twice ({type(error).__name__}).",
            ) from error

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        kept = getattr(self._local, "connection", None)
        self._local.connection = None
        if kept is not None:
            kept.close()

    def _connection(self) -> _Connection:
        kept = getattr(self._local, "connection", None)
        if kept is None or kept.pid != os.getpid():  # a fork must not share its parent's socket
            kept = self._open()
            self._local.connection = kept
        return kept

    def _open(self) -> _Connection:
        for url in self._urls[:-1]:
            try:
                return _Connection(url, self._wiring, confirms=self._confirms)
            except _BROKEN as error:
                logger.info("%s is not there: %s", redacted_url(url), type(error).__name__)
        return _Connection(self._urls[-1], self._wiring, confirms=self._confirms)

    def _drop(self, error: BaseException) -> None:
        logger.info("The connection to RabbitMQ is given up: %s", type(error).__name__)
        self.close()


class _Connection:
    """A connection with one channel, and the exchanges that were declared on it."""

    def __init__(self, url: str, wiring: RoomWiring, *, confirms: bool) -> None:
        self.pid = os.getpid()
        self._wiring = wiring
        self._confirms = confirms
        self._declared: OrderedDict[str, None] = OrderedDict()
        self._connection = pika.BlockingConnection(_parameters(url))
        self._channel = self._open_channel()

    def publish(self, publication: Publication, published_at: float) -> None:
        # Notices that the broker has closed the connection meanwhile, and answers heartbeats.
        self._connection.process_data_events(time_limit=0)
        place = self._wiring.place_of(publication.room)
        self._declare(place)
        accepted = self._channel.basic_publish(
            exchange=place.exchange,
            routing_key=place.routing_key,
            body=publication.body,
            properties=pika.BasicProperties(
                content_type="application/json",
                message_id=publication.id,
                headers={PUBLISHED_AT_HEADER: published_at_header(published_at)},
            ),
        )
        if self._confirms and accepted is False:  # how pika 0.13 reports what 1.x raises
            raise pika.exceptions.AMQPChannelError("the broker refused the message")

    def close(self) -> None:
        try:
            if self._connection.is_open:
                self._connection.close()
        except _BROKEN as error:
            logger.debug("The connection was broken already: %s", type(error).__name__)

    def _declare(self, place: Place) -> None:
        name = place.exchange or place.routing_key  # without an exchange it is a queue's
        if name in self._declared:
            self._declared.move_to_end(name)
            return
        wiring = self._wiring
        try:
            if wiring.form is RoomForm.FANOUT:
                self._channel.exchange_declare(
                    exchange=name,
                    exchange_type=ROOM_EXCHANGE.exchange_type,
                    durable=ROOM_EXCHANGE.durable,
                    auto_delete=ROOM_EXCHANGE.auto_delete,
                )
            elif wiring.form is RoomForm.QUEUE:
                self._channel.queue_declare(queue=name, durable=wiring.durable)
            else:
                self._channel.exchange_declare(
                    exchange=name, exchange_type=wiring.form.value, durable=wiring.durable
                )
        except pika.exceptions.ChannelClosed as error:
            # The application declares it otherwise; it is used as it is. (pika 0.13 has the code as
            # the first argument, 1.x as an attribute as well.)
            if getattr(error, "reply_code", error.args[0]) != _PRECONDITION_FAILED:
                raise
            self._channel = self._open_channel()
        self._declared[name] = None
        if len(self._declared) > _MAX_DECLARED:
            self._declared.popitem(last=False)

    def _open_channel(self) -> Any:
        channel = self._connection.channel()
        if self._confirms:
            channel.confirm_delivery()
        return channel


def _parameters(url: str) -> pika.URLParameters:
    """What the URL says; a time that it does not name gets a bounded default."""
    parameters = pika.URLParameters(url)
    for name, value in _DEFAULTS.items():
        if f"{name}=" not in url:
            setattr(parameters, name, value)
    if "socket_timeout=" not in url:
        parameters.socket_timeout = _CONNECT_S
    if "stack_timeout=" not in url and hasattr(parameters, "stack_timeout"):  # pika 1.x
        parameters.stack_timeout = _CONNECT_S
    if "connection_attempts=" not in url:
        parameters.connection_attempts = 1
    return parameters
