"""One inbox: its deliveries in order, on their way into the layer."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.delivery import Batch, DeadLetter, Delivery
from bridge.figures import InboxFigures, InboxState
from bridge.positions import described
from bridge.rhythm import Rhythm
from bridge.sinks import Sink
from wsmigrate.cursor import CursorMove
from wsmigrate.errors import UnavailableError
from wsmigrate.gap import InboxGap
from wsmigrate.message import Message, UnrelayableError, relayed_message

logger = logging.getLogger(__name__)

_FIRST_BACKOFF_S = 0.1
_MAX_BACKOFF_S = 5.0

Acknowledge = Callable[[int], None]
"""Acknowledges all deliveries of the inbox up to a delivery tag."""


@dataclass(frozen=True)
class RelayLimits:
    """How much an inbox takes at once. Sizes in bytes."""

    max_batch: int = 500
    max_batch_bytes: int = 1 << 20
    max_bytes_in_hand: int = 32 << 20
    max_message_bytes: int = 8 << 20


class InboxRelay:
    """Relays the deliveries of one inbox, in their order.

    A batch goes into the layer with its cursor (see the sinks for what is promised), then it is
    acknowledged. While the layer fails, the batch is held and tried again, from the step that
    failed; the broker delivers no more than the prefetch meanwhile, and nothing while
    ``is_full``.
    """

    def __init__(
        self,
        inbox: str,
        *,
        cursor: int | None,
        sink: Sink,
        figures: InboxFigures,
        limits: RelayLimits,
        rhythm: Rhythm,
        is_ours: Callable[[], bool] = lambda: True,
    ) -> None:
        """``rhythm`` tells when batches begin. ``is_ours`` tells whether the lease of the inbox is
        valid: without that, nothing is sent to a layer that has no fence."""
        self.inbox = inbox
        self._cursor = cursor
        self._sink = sink
        self._figures = figures
        self._limits = limits
        self._rhythm = rhythm
        self._is_ours = is_ours
        self._acknowledge: Acknowledge = _acknowledge_nothing
        self._on_room: Callable[[], None] = _do_nothing
        self._waiting: deque[Delivery] = deque()
        self._work = asyncio.Event()
        self._stopping = asyncio.Event()
        self._draining = False
        figures.in_hand = figures.bytes_in_hand = 0
        figures.cursor = cursor
        figures.oldest_at = None

    def acknowledge_with(self, acknowledge: Acknowledge) -> None:
        """Have what was relayed acknowledged in this way."""
        self._acknowledge = acknowledge

    def when_there_is_room(self, on_room: Callable[[], None]) -> None:
        """Have this called after each batch, when the relay is no longer full."""
        self._on_room = on_room

    @property
    def is_full(self) -> bool:
        """Whether no more should be read from the broker for the time being."""
        return self._figures.bytes_in_hand > self._limits.max_bytes_in_hand

    def put(self, delivery: Delivery) -> None:
        """Take a delivery, in the order of the inbox."""
        figures = self._figures
        figures.read += 1
        figures.redelivered += delivery.redelivered
        figures.in_hand += 1
        figures.bytes_in_hand += len(delivery.body)
        if figures.oldest_at is None:
            figures.oldest_at = delivery.published_at or delivery.came_at
        self._waiting.append(delivery)
        self._work.set()

    def finish(self) -> None:
        """Have ``run`` end after the batch in hand; at once where the layer does not take it."""
        self._stopping.set()
        self._work.set()

    def finish_when_empty(self) -> None:
        """Have ``run`` end once all that was put is relayed."""
        self._draining = True
        self._work.set()

    async def run(self) -> None:
        """Relay until one of the two is called.

        Raises CursorMovedError when another bridge relays the same inbox.
        """
        while not self._stopping.is_set():
            await self._work.wait()
            self._work.clear()
            while self._waiting and not self._stopping.is_set():
                await self._rhythm.beat()
                await self._relay_batch(self._next_batch())
            if self._draining:
                return

    def _next_batch(self) -> list[Delivery]:
        taken: list[Delivery] = []
        size = 0
        while self._waiting and len(taken) < self._limits.max_batch:
            size += len(self._waiting[0].body)
            if taken and size > self._limits.max_batch_bytes:
                break
            taken.append(self._waiting.popleft())
        return taken

    async def _relay_batch(self, deliveries: list[Delivery]) -> None:
        batch = self._batch(deliveries)
        for step in self._sink.steps(batch):
            if not await self._done(step):
                return
        if batch.move is not None:
            self._cursor = self._figures.cursor = batch.move.after
        figures = self._figures
        figures.state = InboxState.RELAYING
        figures.relayed += len(batch.messages)
        if batch.messages:
            figures.count_batch(len(batch.messages))
        for letter in batch.dead:
            self._tell(letter)
        was_full = self.is_full
        figures.in_hand -= len(deliveries)
        figures.bytes_in_hand -= sum(len(delivery.body) for delivery in deliveries)
        first = self._waiting[0] if self._waiting else None
        figures.oldest_at = None if first is None else first.published_at or first.came_at
        self._acknowledged(deliveries[-1].tag)
        if was_full and not self.is_full:
            self._on_room()

    def _acknowledged(self, tag: int) -> None:
        self._acknowledge(tag)

    def _batch(self, deliveries: list[Delivery]) -> Batch:
        messages: list[Message] = []
        dead: list[DeadLetter] = []
        for delivery in deliveries:
            position = delivery.position
            if position is not None and self._cursor is not None and position <= self._cursor:
                self._figures.already_relayed += 1
            elif delivery.marked:
                self._figures.marked += 1
            else:
                self._sort(delivery, messages, dead)
        last = deliveries[-1].position
        move = None
        if last is not None and (self._cursor is None or last > self._cursor):
            move = CursorMove(self.inbox, self._cursor, last)
        after_gap = any(delivery.after_gap for delivery in deliveries)
        return Batch(
            tuple(messages), tuple(dead), move, InboxGap(self.inbox) if after_gap else None
        )

    def _sort(self, delivery: Delivery, messages: list[Message], dead: list[DeadLetter]) -> None:
        try:
            messages.append(
                relayed_message(
                    room=delivery.room,
                    body=delivery.body,
                    message_id=delivery.message_id or self._own_id(delivery),
                    inbox=self.inbox,
                    offset=delivery.position or 0,
                    max_bytes=self._limits.max_message_bytes,
                    published_at=delivery.published_at,
                )
            )
        except UnrelayableError as error:
            position = delivery.position
            dead.append(
                DeadLetter(
                    inbox=self.inbox,
                    # A queue numbers nothing: what is delivered twice is kept twice.
                    position=secrets.randbits(62) if position is None else position,
                    reason=error.reason,
                    explanation=str(error),
                    room=delivery.room,
                    message_id=delivery.message_id,
                    properties=delivery.properties(),
                    body=delivery.body,
                    published_at=delivery.published_at,
                )
            )

    def _own_id(self, delivery: Delivery) -> str | None:
        """An id for a message of a queue, which nothing else tells from an equal one."""
        return secrets.token_hex(16) if delivery.position is None else None

    def _tell(self, letter: DeadLetter) -> None:
        self._figures.dead[letter.reason] += 1
        logger.error(
            "A message of the room %r is not relayed, but kept as a dead letter: %s (%s, %s)",
            letter.room,
            letter.explanation,
            self.inbox,
            described(letter.position),
        )

    async def _done(self, act: Callable[[], Awaitable[None]]) -> bool:
        """Do it, again and again until it has succeeded; False if that was given up."""
        backoff = _FIRST_BACKOFF_S
        while True:
            try:
                if not self._sink.fenced and not self._is_ours():
                    raise UnavailableError("The lease of the inbox could not be renewed in time.")
                await act()
            except UnavailableError as error:
                self._figures.state = InboxState.LAYER_AWAY
                self._figures.layer_failures += 1
                pause_s = backoff * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
                logger.warning("%s: %s Trying again in %.1f s", self.inbox, error, pause_s)
            else:
                return True
            try:
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            except TimeoutError:
                backoff = min(backoff * 2, _MAX_BACKOFF_S)
            else:
                return False


def _acknowledge_nothing(_tag: int) -> None:
    """Stands in until there is a channel."""


def _do_nothing() -> None:
    """Stands in until somebody waits for room."""
