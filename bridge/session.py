"""One session of an inbox: from a connection of its own to that connection's end."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from bridge.inbox import Delivery, InboxRelay
from bridge.positions import Start
from bridge.wire import TolerantConnection, connection_parameters
from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.message import published_at_of_headers
from wsmigrate.topology import inbox_arguments

_CONNECT_TIMEOUT_S = 10.0
_FINISH_TIMEOUT_S = 10.0
_PREFETCH = 200
_NOT_FOUND = 404
_PRECONDITION_FAILED = 406
_SILENCE_S = 0.5
_EMPTY_S = 3.0
_GRACE_S = 1.0


class InboxCancelledError(UnavailableError):
    """RabbitMQ has ended the delivery of an inbox."""


class CursorBeyondEndError(Exception):
    """The stream of an inbox ends before its cursor: it is not the stream that was relayed."""


class InboxSession:
    """Consumes one inbox into its relay, until something ends it.

    Reading begins with the message *at* the cursor, which is skipped: a stream that was relayed
    always has that message or a newer one (retention never drops the last segment), so it is heard
    at once. Where nothing is heard although the first message of the inbox can be had, or the inbox
    is empty, the cursor is beyond the end. ``repeat_last=False`` begins behind the cursor, without
    this check: for a message at the cursor that cannot be read.
    """

    def __init__(
        self, config: Config, relay: InboxRelay, start: Start, *, repeat_last: bool
    ) -> None:
        self._config = config
        self._relay = relay
        self._start = start
        self._repeat_last = repeat_last and start.offset > 0
        self._heard = asyncio.Event()
        self._failed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.heard_new = False
        """Whether a message behind the cursor was delivered."""
        self.unreadable: Exception | None = None
        """What was raised over the broker's input, if that broke the connection."""

    async def run(self, stop: asyncio.Event, on_consuming: Callable[[], None]) -> None:
        """Return after ``stop``, with the batch in hand relayed.

        Raises whatever ended the session else: AmqpClosedError, TimeoutError, InboxCancelledError,
        CursorBeyondEndError, and CursorMovedError from the relay. What was delivered before is
        relayed first, as far as the layer takes it within ten seconds.
        """
        parameters = connection_parameters(self._config.amqp_url)
        factory = functools.partial(
            TolerantConnection, parameters, on_unreadable=self._note_unreadable
        )
        connection = await AmqpConnection.open(factory, _CONNECT_TIMEOUT_S)
        try:
            await self._consume(connection)
            on_consuming()
            await self._relay_until_ended(connection, stop)
        finally:
            await connection.close()

    async def _consume(self, connection: AmqpConnection) -> None:
        channel = await self._declared(connection)
        self._relay.acknowledge_with(functools.partial(_acknowledge, channel))
        channel.closed.add_done_callback(self._channel_closed)
        channel.raw.add_on_cancel_callback(self._cancelled)
        if self._repeat_last:
            offset: int | str = self._start.offset - 1
        else:
            offset = self._start.offset or "first"
        await _consume_from(channel, self._relay.inbox, offset, _PREFETCH, self._on_message)

    async def _declared(self, connection: AmqpConnection) -> AmqpChannel:
        """A channel, and the inbox exists. One with another retention is used as it is."""
        channel = await connection.channel()
        try:
            await channel.rpc("queue_declare", queue=self._relay.inbox, passive=True)
        except AmqpClosedError as error:
            # A cluster says 404 as well of a queue whose node is down: that one is not lost.
            if error.reply_code != _NOT_FOUND or "no queue" not in str(error):
                raise
            if self._start.offset > 0:
                raise CursorBeyondEndError from None
            return await self._newly_declared(connection)
        return channel

    async def _newly_declared(self, connection: AmqpConnection) -> AmqpChannel:
        channel = await connection.channel()
        arguments = inbox_arguments(self._config.retention)
        try:
            await channel.rpc(
                "queue_declare", queue=self._relay.inbox, durable=True, arguments=arguments
            )
        except AmqpClosedError as error:  # somebody else declared it meanwhile
            if error.reply_code != _PRECONDITION_FAILED:
                raise
            channel = await connection.channel()
        return channel

    async def _relay_until_ended(self, connection: AmqpConnection, stop: asyncio.Event) -> None:
        relaying = asyncio.create_task(self._relay.run())
        stopped = asyncio.create_task(stop.wait())
        tasks: list[asyncio.Task[Any]] = [relaying, stopped]
        if self._repeat_last:
            tasks.append(asyncio.create_task(self._look_for_the_end(connection)))
        try:
            ends: list[asyncio.Future[Any]] = [relaying, stopped, self._failed]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                self._relay.finish()
            else:
                self._relay.finish_when_empty()
            await asyncio.wait([relaying], timeout=_FINISH_TIMEOUT_S)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]
        if self._failed.done() and not stop.is_set():
            raise self._failed.result()

    async def _look_for_the_end(self, connection: AmqpConnection) -> None:
        """End the session when the inbox has no message from the cursor on."""
        try:
            if await _within(_SILENCE_S, self._heard):
                return
            channel = await connection.channel()
            first = asyncio.Event()
            await _consume_from(channel, self._relay.inbox, "first", 1, lambda *_: first.set())
            await _within(_EMPTY_S, first)
            # Before a conclusion: a broker that was merely stuck answers this later than it
            # delivers what it has. A false alarm would relay the whole inbox once more.
            answer = await channel.rpc("queue_declare", queue=self._relay.inbox, passive=True)
            if await _within(_GRACE_S, self._heard):
                return
            if first.is_set() or answer.method.message_count == 0:
                self._fail(CursorBeyondEndError())
            else:
                self._fail(UnavailableError(f"RabbitMQ delivers nothing of {self._relay.inbox}."))
        except AmqpClosedError as error:
            self._fail(error)

    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        offset = (properties.headers or {}).get("x-stream-offset")
        if offset is None:
            self._fail(UnavailableError(f"The queue {self._relay.inbox} is no stream."))
            return
        self._heard.set()
        self.heard_new = self.heard_new or offset >= self._start.offset
        message_id = properties.message_id
        self._relay.put(
            Delivery(
                tag=method.delivery_tag,
                position=self._start.position_of(int(offset)),
                room=_text(method.exchange),
                message_id=message_id if isinstance(message_id, str) else None,
                body=body,
                published_at=published_at_of_headers(properties.headers),
            )
        )

    def _cancelled(self, _method: Any) -> None:
        self._fail(
            InboxCancelledError(
                f"RabbitMQ ended the delivery of {self._relay.inbox}: it was deleted or its "
                "leader moved."
            )
        )

    def _channel_closed(self, closed: asyncio.Future[object]) -> None:
        self._fail(AmqpClosedError(closed.result()))

    def _note_unreadable(self, error: Exception) -> None:
        self.unreadable = error

    def _fail(self, error: Exception) -> None:
        if not self._failed.done():
            self._failed.set_result(error)


async def _consume_from(
    channel: AmqpChannel, inbox: str, offset: int | str, prefetch: int, callback: Any
) -> None:
    await channel.rpc("basic_qos", prefetch_count=prefetch)  # a stream refuses to go without
    await channel.rpc(
        "basic_consume",
        queue=inbox,
        on_message_callback=callback,
        arguments={"x-stream-offset": offset},
    )


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _text(name: str | bytes) -> str:
    """A name from the broker; one that is not UTF-8 becomes one that no room can have."""
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")


def _acknowledge(channel: AmqpChannel, tag: int) -> None:
    if not channel.closed.done():
        channel.raw.basic_ack(tag, multiple=True)
