"""One inbox: its deliveries in order, on their way into the layer."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bridge.positions import described
from bridge.sinks import Sink
from wsmigrate.cursor import CursorMove
from wsmigrate.errors import UnavailableError
from wsmigrate.message import Message, UnrelayableError, relayed_message

logger = logging.getLogger(__name__)

_FIRST_BACKOFF_S = 0.1
_MAX_BACKOFF_S = 5.0

Acknowledge = Callable[[int], None]
"""Acknowledges all deliveries of the inbox up to a delivery tag."""


@dataclass(frozen=True)
class Delivery:
    """What the broker delivered from an inbox. ``position``: see bridge.positions;
    ``published_at``: seconds since the epoch, if the publisher said so."""

    tag: int
    position: int
    room: str
    message_id: str | None
    body: bytes = field(repr=False)
    published_at: float | None = None


@dataclass
class RelayCounts:
    """What a bridge has done since it was started."""

    relayed: int = 0
    skipped: int = 0
    unrelayable: int = 0


class InboxRelay:
    """Relays the deliveries of one inbox, in their order.

    A batch goes into the layer with its cursor (see the sinks for what is promised), then it is
    acknowledged. While the layer fails, the batch is held and tried again, from the step that
    failed; the broker delivers no more than the prefetch meanwhile.
    """

    def __init__(
        self,
        inbox: str,
        *,
        cursor: int | None,
        sink: Sink,
        counts: RelayCounts,
        max_message_bytes: int,
        max_batch: int = 100,
    ) -> None:
        self.inbox = inbox
        self._cursor = cursor
        self._sink = sink
        self._acknowledge: Acknowledge = _acknowledge_nothing
        self._counts = counts
        self._max_batch = max_batch
        self._max_message_bytes = max_message_bytes
        self._waiting: deque[Delivery] = deque()
        self._work = asyncio.Event()
        self._stopping = False
        self._draining = False

    def acknowledge_with(self, acknowledge: Acknowledge) -> None:
        """Have what was relayed acknowledged in this way."""
        self._acknowledge = acknowledge

    def put(self, delivery: Delivery) -> None:
        """Take a delivery, in the order of the stream."""
        self._waiting.append(delivery)
        self._work.set()

    def finish(self) -> None:
        """Have ``run`` end after the batch in hand."""
        self._stopping = True
        self._work.set()

    def finish_when_empty(self) -> None:
        """Have ``run`` end once all that was put is relayed."""
        self._draining = True
        self._work.set()

    async def run(self) -> None:
        """Relay until one of the two is called.

        Raises CursorMovedError when another bridge relays the same inbox.
        """
        while not self._stopping:
            await self._work.wait()
            self._work.clear()
            while self._waiting and not self._stopping:
                await self._relay_batch(self._next_batch())
            if self._draining:
                return

    def _next_batch(self) -> list[Delivery]:
        size = min(len(self._waiting), self._max_batch)
        return [self._waiting.popleft() for _ in range(size)]

    async def _relay_batch(self, batch: list[Delivery]) -> None:
        messages = [
            message for delivery in batch if (message := self._message(delivery)) is not None
        ]
        last = batch[-1]
        move: CursorMove | None = None
        if self._cursor is None or last.position > self._cursor:
            move = CursorMove(self.inbox, self._cursor, last.position)
            self._cursor = last.position
        for step in self._sink.steps(messages, move):
            await self._until_available(step)
        self._counts.relayed += len(messages)
        self._acknowledge(last.tag)

    def _message(self, delivery: Delivery) -> Message | None:
        if self._cursor is not None and delivery.position <= self._cursor:
            self._counts.skipped += 1
            return None
        try:
            return relayed_message(
                room=delivery.room,
                body=delivery.body,
                message_id=delivery.message_id,
                inbox=self.inbox,
                offset=delivery.position,
                max_bytes=self._max_message_bytes,
                published_at=delivery.published_at,
            )
        except UnrelayableError as error:
            self._counts.unrelayable += 1
            logger.error(
                "A message of the room %r is not relayed: %s (%s, %s; it stays in the inbox "
                "until its retention ends)",
                delivery.room,
                error,
                self.inbox,
                described(delivery.position),
            )
            return None

    async def _until_available(self, act: Callable[[], Awaitable[None]]) -> None:
        backoff = _FIRST_BACKOFF_S
        while True:
            try:
                await act()
            except UnavailableError as error:
                logger.warning("%s: %s Trying again in %.1f s", self.inbox, error, backoff)
            else:
                return
            await asyncio.sleep(backoff * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            backoff = min(backoff * 2, _MAX_BACKOFF_S)


def _acknowledge_nothing(_tag: int) -> None:
    """Stands in until there is a channel."""
