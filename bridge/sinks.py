"""Sinks: how a batch of an inbox gets into the channel layer, and its cursor moves with it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from bridge.cursors import CursorStore
from bridge.dead_letters import DeadLetterStore
from bridge.delivery import Batch
from wsmigrate.cursor import CursorMove, CursorMovedError
from wsmigrate.errors import UnavailableError, WsmigrateError
from wsmigrate.gap import GAPS_GROUP, InboxGap, event_of_gap
from wsmigrate.message import Message, event_of_message
from wsmigrate.rooms import group_of_room

Step = Callable[[], Awaitable[None]]
"""Raises UnavailableError where it may be tried again, and CursorMovedError."""

_PLACE = ("host", "hostaddr", "port", "dbname")


class Sink(Protocol):
    """A destination for batches."""

    @property
    def fenced(self) -> bool:
        """Whether a bridge that has lost an inbox without knowing it can relay nothing of it."""

    def steps(self, batch: Batch) -> list[Step]:
        """What has to be done, one after another, each until it has succeeded."""


class AtomicSink:
    """Messages and cursor in one transaction of the PostgreSQL layer: exactly once.

    A step whose outcome is not known and that is tried again finds the cursor moved, if it had
    succeeded: to where the batch was to move it, which tells that from another bridge's move. Dead
    letters are kept before that, which may be repeated: a letter is its inbox and position.
    """

    fenced = True

    def __init__(
        self, layer: Any, event_name: str, cursors: CursorStore, letters: DeadLetterStore
    ) -> None:
        self._layer = layer
        self._event_name = event_name
        self._cursors = cursors
        self._letters = letters

    def steps(self, batch: Batch) -> list[Step]:
        """One step, and one before it where there are dead letters."""
        steps: list[Step] = []
        if batch.dead:
            steps.append(functools.partial(self._letters.keep, batch.dead))
        if batch.messages or batch.move is not None or batch.gap is not None:
            send = functools.partial(self._send, batch.messages, batch.move, gap=batch.gap)
            steps.append(self._step(send, batch.move))
        return steps

    def _step(self, send: Step, move: CursorMove | None) -> Step:
        is_known = True

        async def step() -> None:
            nonlocal is_known
            try:
                await send()
            except UnavailableError:
                is_known = False
                raise
            except CursorMovedError:
                if is_known or move is None or await self._cursors.read(move.inbox) != move.after:
                    raise

        return step

    async def _send(
        self, messages: Sequence[Message], move: CursorMove | None, *, gap: InboxGap | None = None
    ) -> None:
        events = [] if gap is None else [(GAPS_GROUP, event_of_gap(gap))]
        events += [
            (group_of_room(message.room), event_of_message(message, self._event_name))
            for message in messages
        ]
        await _available(self._layer.group_send_many(events, move))


class StepwiseSink:
    """Message after message into any layer, then the cursor: at least once."""

    fenced = False

    def __init__(
        self, layer: Any, event_name: str, cursors: CursorStore, letters: DeadLetterStore
    ) -> None:
        self._layer = layer
        self._event_name = event_name
        self._cursors = cursors
        self._letters = letters

    def steps(self, batch: Batch) -> list[Step]:
        """A step for the dead letters, one for a gap, one for each message, one for the cursor."""
        steps: list[Step] = []
        if batch.dead:
            steps.append(functools.partial(self._letters.keep, batch.dead))
        if batch.gap is not None:
            steps.append(functools.partial(self._tell_of_gap, batch.gap))
        steps += [functools.partial(self._send, message) for message in batch.messages]
        if batch.move is not None:
            steps.append(functools.partial(self._cursors.move, batch.move))
        return steps

    async def _send(self, message: Message) -> None:
        event = event_of_message(message, self._event_name)
        await _available(self._layer.group_send(group_of_room(message.room), event))

    async def _tell_of_gap(self, gap: InboxGap) -> None:
        await _available(self._layer.group_send(GAPS_GROUP, event_of_gap(gap)))


def sink_for(
    layer: Any,
    event_name: str,
    cursors: CursorStore,
    letters: DeadLetterStore,
    database: Mapping[str, Any],
) -> Sink:
    """The best sink that a layer allows: ``database`` is where the cursors are."""
    its_own = getattr(layer, "db_params", None)
    if hasattr(layer, "group_send_many") and its_own is not None and _same(its_own, database):
        return AtomicSink(layer, event_name, cursors, letters)
    return StepwiseSink(layer, event_name, cursors, letters)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(str(one.get(key) or "") == str(other.get(key) or "") for key in _PLACE)


async def _available(sending: Awaitable[None]) -> None:
    try:
        await sending
    except WsmigrateError:
        raise
    except Exception as error:  # layers raise what their databases raise
        raise UnavailableError(f"The channel layer failed ({type(error).__name__}).") from error
