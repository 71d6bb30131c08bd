"""Reading an inbox that is a stream, from its cursor on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from bridge.figures import InboxFigures
from bridge.positions import Start, described
from bridge.reading import (
    Fail,
    OnDelivery,
    OnMissing,
    declared,
    delivery_of,
    is_there,
)
from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError

logger = logging.getLogger(__name__)

OnGap = Callable[[int, int], None]
"""Is told the first and the last position of messages that are missing."""

_SILENCE_S = 0.5
_EMPTY_S = 3.0
_GRACE_S = 1.0
_TAIL_EVERY_S = 2.0
_ACKNOWLEDGEMENTS = 8
"""Of a prefetch: so many fewer than the prefetch are under way at worst."""
# Where a segment begins, the stream may have put a record of its own (its deduplication's state),
# which takes an offset and is delivered to nobody. RabbitMQ 3.10.8: each segment but the first.
_STREAMS_OWN_RECORDS = 1


class CursorBeyondEndError(Exception):
    """The stream of an inbox ends before its cursor: it is not the stream that was relayed."""


class StreamReading:
    """Reads a stream.

    Reading begins with the message *at* the cursor, which is skipped: a stream that was relayed
    always has that message or a newer one (retention never drops the last segment), so it is heard
    at once. Where nothing is heard although the first message of the inbox can be had, or the inbox
    is empty, the cursor is beyond the end. ``repeat_last=False`` begins behind the cursor, without
    this check: for a message at the cursor that cannot be read.

    Offsets that are skipped are messages that retention has dropped: ``on_gap`` hears of them.
    ``seen`` is the position up to which an earlier session had messages, for the figures.
    """

    def __init__(
        self,
        config: Config,
        inbox: str,
        start: Start,
        *,
        on_gap: OnGap,
        on_missing: OnMissing,
        figures: InboxFigures,
        repeat_last: bool,
        seen: int = -1,
    ) -> None:
        self._config = config
        self._inbox = inbox
        self._start = start
        self._on_gap = on_gap
        self._on_missing = on_missing
        self._figures = figures
        self._repeat_last = repeat_last and start.offset > 0
        self._next = start.offset
        self._heard = asyncio.Event()
        self._fail: Fail = _ignored
        self._on_delivery: OnDelivery = _ignored
        self._seen = seen
        self.heard_new = False
        self.acknowledge_every = max(1, config.bridge_prefetch // _ACKNOWLEDGEMENTS)

    @property
    def last_position(self) -> int:
        """Up to which position messages were delivered."""
        return self._start.position_of(self._next - 1)

    async def begin(
        self, connection: AmqpConnection, on_delivery: OnDelivery, fail: Fail
    ) -> AmqpChannel:
        """As Reading. Raises CursorBeyondEndError where the stream is gone."""
        self._fail, self._on_delivery = fail, on_delivery
        channel = await self._declared(connection)
        if self._repeat_last:
            offset: int | str = self._start.offset - 1
        else:
            offset = self._start.offset or "first"
        prefetch = self._config.bridge_prefetch
        await _consume_from(channel, self._inbox, offset, prefetch, self._on_message)
        return channel

    async def watch(self, connection: AmqpConnection) -> None:
        """End the reading when the inbox has no message from the cursor on; then look now and then
        where the inbox ends, while that is far."""
        try:
            if self._repeat_last:
                await self._look_for_the_end(connection)
            while True:
                await asyncio.sleep(_TAIL_EVERY_S)
                if self._figures.in_hand >= self._config.bridge_prefetch // 2:
                    await self._look_at_the_tail(connection)
        except AmqpClosedError as error:
            self._fail(error)

    async def _look_at_the_tail(self, connection: AmqpConnection) -> None:
        """ "last" is the last chunk of the stream, of which the first message is delivered."""
        channel = await connection.channel()
        tail: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def on_message(_channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
            if not tail.done():
                tail.set_result(int(properties.headers["x-stream-offset"]))

        await _consume_from(channel, self._inbox, "last", 1, on_message)
        await asyncio.wait({tail}, timeout=_EMPTY_S)
        if tail.done():
            self._figures.tail = self._start.position_of(tail.result())
        if not channel.closed.done():
            channel.raw.close()

    async def _look_for_the_end(self, connection: AmqpConnection) -> None:
        if await _within(_SILENCE_S, self._heard):
            return
        channel = await connection.channel()
        first = asyncio.Event()
        await _consume_from(channel, self._inbox, "first", 1, lambda *_: first.set())
        await _within(_EMPTY_S, first)
        # Before a conclusion: a broker that was merely stuck answers this later than it
        # delivers what it has. A false alarm would relay the whole inbox once more.
        answer = await channel.rpc("queue_declare", queue=self._inbox, passive=True)
        if await _within(_GRACE_S, self._heard):
            return
        if first.is_set() or answer.method.message_count == 0:
            self._fail(CursorBeyondEndError())
        else:
            self._fail(UnavailableError(f"RabbitMQ delivers nothing of {self._inbox}."))

    async def _declared(self, connection: AmqpConnection) -> AmqpChannel:
        channel = await connection.channel()
        if await is_there(channel, self._inbox):
            return channel
        if self._start.offset > 0:
            raise CursorBeyondEndError
        await self._on_missing()
        return await declared(connection, self._inbox, self._config)

    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        offset = (properties.headers or {}).get("x-stream-offset")
        if offset is None:
            self._fail(
                UnavailableError(
                    f"The queue {self._inbox} is no stream.",
                    remedy="Delete it, or set WSMIGRATE['INBOX_KIND'] to 'queue'.",
                )
            )
            return
        offset = int(offset)
        self._heard.set()
        after_gap = False
        if offset >= self._start.offset:
            self.heard_new = True
            after_gap = self._is_after_gap(offset)
            self._next = offset + 1
        self._on_delivery(
            delivery_of(
                self._config,
                method,
                properties,
                body,
                position=self._start.position_of(offset),
                redelivered=offset >= self._start.offset
                and self._start.position_of(offset) <= self._seen,
                after_gap=after_gap,
            )
        )

    def _is_after_gap(self, offset: int) -> bool:
        missing = offset - self._next
        is_gap = missing > _STREAMS_OWN_RECORDS
        if is_gap:
            first, last = map(self._start.position_of, (self._next, offset - 1))
            logger.error(
                "MESSAGES ARE LOST: %s did not keep what it held until it was relayed. Up to %d "
                "messages are missing, %s to %s. Raise INBOX_MAX_BYTES and INBOX_MAX_AGE_S, and "
                "see why the bridge was behind",
                self._inbox,
                missing,
                described(first),
                described(last),
            )
            self._on_gap(first, last)
        return is_gap


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


def _ignored(_what: Any) -> None:
    """Stands in until the reading has begun."""
