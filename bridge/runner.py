"""Runs the bridge: connects, consumes the inboxes, reconnects."""

from __future__ import annotations

import asyncio
import functools
import logging
import random
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions
from pika.adapters.asyncio_connection import AsyncioConnection

from bridge.cursors import CursorStore
from bridge.inbox import Delivery, InboxRelay, RelayCounts
from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection
from wsmigrate.config import Config, redacted_url
from wsmigrate.errors import RefusedError, UnavailableError
from wsmigrate.message import Message, event_of_message
from wsmigrate.rooms import group_of_room
from wsmigrate.topology import inbox_arguments, inbox_names

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10.0
_FIRST_BACKOFF_S = 0.2
_MAX_BACKOFF_S = 5.0
_FINISH_TIMEOUT_S = 10.0
_PREFETCH = 200
_PRECONDITION_FAILED = 406
_REFUSALS = (
    pika.exceptions.ProbableAuthenticationError,
    pika.exceptions.ProbableAccessDeniedError,
    pika.exceptions.AuthenticationError,
)


@dataclass(frozen=True)
class _Line:
    """An inbox and the channel it is consumed on."""

    relay: InboxRelay
    channel: AmqpChannel


class Bridge:
    """Relays all inboxes into one channel layer, until ``stop``.

    Messages of one room stay in their order. See InboxRelay for what is promised of each.
    """

    def __init__(self, config: Config, layer: Any, cursors: CursorStore) -> None:
        self._config = config
        self._layer = layer
        self._cursors = cursors
        self._stop = asyncio.Event()
        self.counts = RelayCounts()

    def stop(self) -> None:
        """Have ``run`` return after the batches in hand."""
        self._stop.set()

    async def run(self) -> None:
        """Relay until ``stop``. What is away at the start or later is waited for.

        Raises ConfigError when the database lacks its tables, and UnavailableError when the broker
        refuses the login.
        """
        backoff = _FIRST_BACKOFF_S
        try:
            while not self._stop.is_set():
                try:
                    await self._run_once()
                    backoff = _FIRST_BACKOFF_S
                except (AmqpClosedError, UnavailableError, RefusedError, TimeoutError) as error:
                    self._raise_if_refused(error)
                    logger.warning("%s Trying again in %.1f s", _described(error), backoff)
                    await self._sleep_unless_stopped(backoff * random.uniform(0.8, 1.2))  # noqa: S311
                    backoff = min(backoff * 2, _MAX_BACKOFF_S)
        finally:
            await self._cursors.close()
            logger.info(
                "Stopped: %d messages relayed, %d skipped, %d not relayable",
                self.counts.relayed,
                self.counts.skipped,
                self.counts.unrelayable,
            )

    async def _run_once(self) -> None:
        """From one connection to its end."""
        cursors = await self._cursors.read()
        parameters = pika.URLParameters(self._config.amqp_url)
        factory = functools.partial(AsyncioConnection, parameters)
        connection = await AmqpConnection.open(factory, _CONNECT_TIMEOUT_S)
        try:
            lines = [
                await self._open_line(connection, inbox, cursors.get(inbox))
                for inbox in inbox_names(self._config.inboxes)
            ]
            logger.info("Relaying %d inboxes", len(lines))
            await self._relay_until_closed(connection, lines)
        finally:
            await connection.close()

    async def _open_line(self, connection: AmqpConnection, inbox: str, cursor: int | None) -> _Line:
        """Make sure that the inbox exists and consume it, on a channel of its own.

        An inbox with another retention is used as it is.
        """
        channel = await connection.channel()
        try:
            await channel.rpc(
                "queue_declare",
                queue=inbox,
                durable=True,
                arguments=inbox_arguments(self._config.retention),
            )
        except AmqpClosedError as error:
            if error.reply_code != _PRECONDITION_FAILED:
                raise
            channel = await connection.channel()
        relay = InboxRelay(
            inbox,
            cursor=cursor,
            cursors=self._cursors,
            send=self._send,
            acknowledge=functools.partial(_acknowledge, channel),
            counts=self.counts,
            max_message_bytes=self._config.max_message_bytes,
        )
        await channel.rpc("basic_qos", prefetch_count=_PREFETCH)  # a stream refuses to go without
        await channel.rpc(
            "basic_consume",
            queue=inbox,
            on_message_callback=functools.partial(_on_message, relay),
            arguments={"x-stream-offset": relay.resume_at},
        )
        return _Line(relay, channel)

    async def _relay_until_closed(self, connection: AmqpConnection, lines: list[_Line]) -> None:
        relaying = [asyncio.create_task(line.relay.run()) for line in lines]
        stopped = asyncio.create_task(self._stop.wait())
        closed = [connection.closed, *(line.channel.closed for line in lines)]
        try:
            awaited: list[asyncio.Future[Any]] = [*relaying, stopped, *closed]
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            for line in lines:
                line.relay.finish()
            if self._stop.is_set():
                await asyncio.wait(relaying, timeout=_FINISH_TIMEOUT_S)
        finally:
            for task in [*relaying, stopped]:
                task.cancel()
            outcomes = await asyncio.gather(*relaying, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        if not self._stop.is_set():
            raise AmqpClosedError(next(future.result() for future in closed if future.done()))

    async def _send(self, message: Message) -> None:
        event = event_of_message(message, self._config.event_name)
        try:
            await self._layer.group_send(group_of_room(message.room), event)
        except Exception as error:  # layers raise what their databases raise
            raise UnavailableError(f"The channel layer failed ({type(error).__name__}).") from error

    def _raise_if_refused(self, error: Exception) -> None:
        if isinstance(error, AmqpClosedError) and isinstance(error.reason, _REFUSALS):
            raise UnavailableError(
                f"RabbitMQ at {redacted_url(self._config.amqp_url)} refuses the bridge "
                f"({error.reason}).",
                remedy="Check user, password, vhost and permissions.",
            ) from error

    async def _sleep_unless_stopped(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


def _on_message(
    relay: InboxRelay, _channel: Any, method: Any, properties: Any, body: bytes
) -> None:
    relay.put(
        Delivery(
            tag=method.delivery_tag,
            offset=int(properties.headers["x-stream-offset"]),
            room=method.exchange,
            message_id=properties.message_id,
            body=body,
        )
    )


def _acknowledge(channel: AmqpChannel, tag: int) -> None:
    if not channel.closed.done():
        channel.raw.basic_ack(tag, multiple=True)


def _described(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if text.endswith(".") else f"{text}."
