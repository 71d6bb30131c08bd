"""Which sink a layer allows, and what each does with a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from bridge.cursors import CursorStore
from bridge.dead_letters import DeadLetterStore
from bridge.delivery import Batch, DeadLetter
from bridge.sinks import AtomicSink, Sink, StepwiseSink, sink_for
from wsmigrate.cursor import CursorMove, CursorMovedError
from wsmigrate.errors import UnavailableError
from wsmigrate.gap import GAPS_GROUP, InboxGap, event_of_gap
from wsmigrate.message import Message, Via

DATABASE = {"host": "db", "port": "5432", "dbname": "layer", "user": "bridge"}
MESSAGES = tuple(
    Message(str(number), "room", f"text {number}", Via.RABBITMQ) for number in range(2)
)
MOVE = CursorMove("inbox.0", 4, 6)


class PlainLayer:
    """A layer with Channels' own API."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[Any] = []
        self.error = error

    async def group_send(self, group: str, event: dict[str, Any]) -> None:
        if self.error:
            raise self.error
        self.sent.append((group, event["message"]))


class LogLayer(PlainLayer):
    """A layer that takes batches, in a database."""

    db_params: ClassVar = {**DATABASE, "user": "server", "port": 5432}

    async def group_send_many(
        self, events: Sequence[tuple[str, dict[str, Any]]], cursor: CursorMove | None
    ) -> None:
        if self.error:
            raise self.error
        self.sent.append(([(group, event["message"]) for group, event in events], cursor))


class Cursors(CursorStore):
    def __init__(self, at: int | None = None) -> None:
        self.moves: list[CursorMove] = []
        self.at = at

    async def read(self, inbox: str) -> int | None:
        return self.at

    async def move(self, move: CursorMove) -> None:
        self.moves.append(move)


class Letters(DeadLetterStore):
    def __init__(self) -> None:
        self.kept: list[DeadLetter] = []

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        self.kept += letters


def atomic(layer: Any) -> AtomicSink:
    return AtomicSink(layer, "event", Cursors(), Letters())


def stepwise(layer: Any) -> StepwiseSink:
    return StepwiseSink(layer, "event", Cursors(), Letters())


async def run(sink: Sink) -> int:
    steps = sink.steps(Batch(MESSAGES, move=MOVE))
    for step in steps:
        await step()
    return len(steps)


def sink_of(layer: Any, database: dict[str, str] = DATABASE) -> Sink:
    return sink_for(layer, "event", Cursors(), Letters(), database)


def test_an_empty_batch_needs_no_step() -> None:
    assert atomic(LogLayer()).steps(Batch()) == []
    assert stepwise(PlainLayer()).steps(Batch()) == []


def test_a_layer_without_batches_gets_message_after_message() -> None:
    assert isinstance(sink_of(PlainLayer()), StepwiseSink)


def test_a_layer_in_the_database_of_the_cursors_gets_both_at_once() -> None:
    assert isinstance(sink_of(LogLayer()), AtomicSink)


def test_a_layer_in_another_database_cannot_take_the_cursor_along() -> None:
    elsewhere = {**DATABASE, "dbname": "other"}
    assert isinstance(sink_of(LogLayer(), elsewhere), StepwiseSink)


async def test_a_batch_goes_into_the_layer_in_one_step_with_its_cursor() -> None:
    layer = LogLayer()
    assert await run(atomic(layer)) == 1
    assert layer.sent == [([("room", "text 0"), ("room", "text 1")], MOVE)]


async def test_step_by_step_the_cursor_comes_last() -> None:
    layer, cursors = PlainLayer(), Cursors()
    assert await run(StepwiseSink(layer, "event", cursors, Letters())) == 3
    assert layer.sent == [("room", "text 0"), ("room", "text 1")]
    assert cursors.moves == [MOVE]


@pytest.mark.parametrize("make", [atomic, stepwise])
async def test_whatever_a_layer_raises_may_be_tried_again(make: Any) -> None:
    with pytest.raises(UnavailableError, match="OSError"):
        await run(make(LogLayer(OSError("away"))))


async def test_a_cursor_that_has_moved_is_told_as_it_is() -> None:
    with pytest.raises(CursorMovedError):
        await run(atomic(LogLayer(CursorMovedError("moved"))))


@pytest.mark.parametrize(("at", "is_ours"), [(6, True), (5, False), (7, False), (None, False)])
async def test_a_batch_whose_answer_was_lost_is_known_by_its_cursor(
    at: int | None, is_ours: bool
) -> None:
    """Else it would be counted as relayed by nobody, and end the session."""
    layer = LogLayer(UnavailableError("no answer"))
    (step,) = AtomicSink(layer, "event", Cursors(at), Letters()).steps(Batch(MESSAGES, move=MOVE))
    with pytest.raises(UnavailableError):
        await step()
    layer.error = CursorMovedError("moved")
    if is_ours:
        await step()
    else:
        with pytest.raises(CursorMovedError):
            await step()


@pytest.mark.parametrize("sink_class", [AtomicSink, StepwiseSink])
async def test_dead_letters_are_kept_before_the_cursor_moves(sink_class: Any) -> None:
    letters, layer = Letters(), LogLayer()
    letter = DeadLetter("inbox.0", 5, "not-utf-8", "the body is not UTF-8", "room")
    steps = sink_class(layer, "event", Cursors(), letters).steps(Batch((), (letter,), MOVE))
    await steps[0]()
    assert (letters.kept, layer.sent, len(steps)) == ([letter], [], 2)


class KeepsEvents(LogLayer):
    """Keeps what it is sent whole."""

    async def group_send(self, group: str, event: dict[str, Any]) -> None:
        self.sent.append((group, event))

    async def group_send_many(
        self, events: Sequence[tuple[str, dict[str, Any]]], cursor: CursorMove | None
    ) -> None:
        self.sent += events
        assert cursor == MOVE


@pytest.mark.parametrize("make", [atomic, stepwise])
async def test_the_servers_hear_of_a_gap_in_the_place_of_what_is_missing(make: Any) -> None:
    layer = KeepsEvents()
    for step in make(layer).steps(Batch(MESSAGES, move=MOVE, gap=InboxGap("inbox.0"))):
        await step()
    assert layer.sent[0] == (GAPS_GROUP, event_of_gap(InboxGap("inbox.0")))
    assert [event["message"] for _, event in layer.sent[1:]] == ["text 0", "text 1"]
