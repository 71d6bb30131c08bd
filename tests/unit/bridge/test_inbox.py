from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bridge.delivery import Batch, DeadLetter, Delivery
from bridge.figures import InboxFigures
from bridge.inbox import InboxRelay, RelayLimits
from bridge.rhythm import Rhythm
from bridge.sinks import Step
from wsmigrate.cursor import CursorMove
from wsmigrate.errors import UnavailableError
from wsmigrate.gap import InboxGap
from wsmigrate.message import Message


@dataclass
class World:
    """A layer, a cursor and a broker's acknowledgements, in memory."""

    sent: list[Message] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    cursor: int | None = None
    log: list[str] = field(default_factory=list)
    failures: int = 0
    figures: InboxFigures = field(default_factory=InboxFigures)
    dead: list[DeadLetter] = field(default_factory=list)
    fenced: bool = True
    ours: bool = True

    async def send(self, message: Message) -> None:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("the layer is away")
        self.sent.append(message)
        self.log.append(f"send {message.text}")

    async def move(self, move: CursorMove) -> None:
        assert move.before == self.cursor
        self.cursor = move.after
        self.log.append(f"cursor {move.after}")

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        self.dead += letters
        self.log.append("bury")

    def steps(self, batch: Batch) -> list[Step]:
        steps: list[Step] = [functools.partial(self.bury, batch.dead)] if batch.dead else []
        steps += [functools.partial(self.send, message) for message in batch.messages]
        return steps if batch.move is None else [*steps, functools.partial(self.move, batch.move)]

    def acknowledge(self, tag: int) -> None:
        self.acknowledged.append(tag)
        self.log.append(f"ack {tag}")

    def relay(self, **options: Any) -> InboxRelay:
        relay = InboxRelay(
            "inbox.0",
            cursor=self.cursor,
            sink=self,
            figures=self.figures,
            limits=RelayLimits(**{"max_message_bytes": 100, **options}),
            rhythm=Rhythm(0.002),
            is_ours=lambda: self.ours,
        )
        relay.acknowledge_with(self.acknowledge)
        return relay


def delivery(offset: int, body: bytes = b"x", room: str = "room") -> Delivery:
    return Delivery(tag=offset + 1, position=offset, room=room, message_id=None, body=body)


async def run_until(relay: InboxRelay, condition: Callable[[], bool]) -> None:
    running = asyncio.create_task(relay.run())
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)
    relay.finish()
    await running


@pytest.fixture
def world() -> World:
    return World()


async def test_the_time_of_publishing_goes_into_the_layer(world: World) -> None:
    relay = world.relay()
    relay.put(replace(delivery(0), published_at=1700000000.5))
    await run_until(relay, lambda: bool(world.acknowledged))
    assert [message.published_at for message in world.sent] == [1700000000.5]


async def test_the_layer_has_a_message_before_the_cursor_moves_and_the_broker_hears_last(
    world: World,
) -> None:
    relay = world.relay()
    relay.put(delivery(0, b"a"))
    relay.put(delivery(1, b"b"))
    await run_until(relay, lambda: bool(world.acknowledged))
    assert world.log == ["send a", "send b", "cursor 1", "ack 2"]


async def test_while_the_layer_is_away_messages_are_held_in_their_order(world: World) -> None:
    world.failures = 2
    relay = world.relay(max_batch=2)
    for offset in range(5):
        relay.put(delivery(offset, str(offset).encode()))
    await run_until(relay, lambda: world.cursor == 4)
    assert [message.text for message in world.sent] == ["0", "1", "2", "3", "4"]
    assert world.acknowledged == [2, 4, 5]


async def test_a_message_at_or_before_the_cursor_is_skipped_and_acknowledged(world: World) -> None:
    world.cursor = 5
    relay = world.relay()
    relay.put(delivery(4, b"old"))
    relay.put(delivery(5, b"old"))
    relay.put(delivery(6, b"new"))
    await run_until(relay, lambda: bool(world.acknowledged))
    assert [message.text for message in world.sent] == ["new"]
    assert world.figures.already_relayed == 2


async def test_a_message_that_cannot_be_relayed_holds_up_nobody_and_is_counted(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    relay = world.relay(max_message_bytes=5)
    relay.put(delivery(0, b"\xffsecret"[:5]))
    relay.put(delivery(1, b"too long a body"))
    relay.put(delivery(2, b"fine"))
    with caplog.at_level(logging.ERROR):
        await run_until(relay, lambda: bool(world.acknowledged))
    assert [message.text for message in world.sent] == ["fine"]
    assert world.figures.dead == {"not-utf-8": 1, "too-large": 1}
    assert [letter.body for letter in world.dead] == [b"\xffsecr", b"too long a body"]
    assert "offset 0" in caplog.text
    assert "too long a body" not in caplog.text


async def test_what_was_delivered_before_a_connection_broke_is_relayed_to_the_end(
    world: World,
) -> None:
    world.failures = 1
    relay = world.relay(max_batch=2)
    for offset in range(5):
        relay.put(delivery(offset, str(offset).encode()))
    relay.finish_when_empty()
    async with asyncio.timeout(5):
        await relay.run()
    assert world.cursor == 4


async def test_a_batch_is_bounded_in_bytes_and_a_message_that_is_larger_goes_alone(
    world: World,
) -> None:
    relay = world.relay(max_batch_bytes=10)
    for offset, size in enumerate([4, 4, 4, 30, 2]):
        relay.put(delivery(offset, b"x" * size))
    await run_until(relay, lambda: world.cursor == 4)
    assert world.acknowledged == [2, 3, 4, 5]


async def test_it_is_full_while_too_many_bytes_are_in_hand_and_says_when_there_is_room(
    world: World,
) -> None:
    told: list[int] = []
    relay = world.relay(max_bytes_in_hand=10)
    relay.when_there_is_room(lambda: told.append(world.figures.bytes_in_hand))
    relay.put(delivery(0, b"x" * 10))
    assert not relay.is_full
    relay.put(delivery(1, b"x"))
    assert relay.is_full
    await run_until(relay, lambda: bool(world.acknowledged))
    assert told == [0]


async def test_a_layer_without_a_fence_gets_nothing_while_the_lease_is_not_valid(
    world: World,
) -> None:
    world.fenced = world.ours = False
    relay = world.relay()
    relay.put(delivery(0))
    running = asyncio.create_task(relay.run())
    await asyncio.sleep(0.15)
    assert world.sent == []
    world.ours = True
    async with asyncio.timeout(5):
        while not world.acknowledged:
            await asyncio.sleep(0.01)
    relay.finish()
    await running
    assert len(world.sent) == 1


async def test_what_the_reverse_relay_has_published_is_passed_over(world: World) -> None:
    relay = world.relay()
    relay.put(replace(delivery(0), marked=True))
    relay.put(delivery(1, b"own"))
    await run_until(relay, lambda: world.cursor == 1)
    assert [message.text for message in world.sent] == ["own"]
    assert world.figures.marked == 1


async def test_to_finish_does_not_wait_for_a_layer_that_is_away(world: World) -> None:
    world.failures = 10**6
    relay = world.relay()
    relay.put(delivery(0))
    running = asyncio.create_task(relay.run())
    await asyncio.sleep(0.05)
    relay.finish()
    async with asyncio.timeout(5):
        await running
    assert world.acknowledged == []


async def test_a_message_of_a_queue_gets_an_id_of_its_own(world: World) -> None:
    relay = world.relay()
    relay.put(replace(delivery(0), position=None))
    relay.put(replace(delivery(1), position=None))
    await run_until(relay, lambda: world.acknowledged == [2])
    assert len({message.id for message in world.sent}) == 2
    assert world.cursor is None


async def test_a_batch_names_its_inbox_when_messages_are_missing_before_it(world: World) -> None:
    gaps: list[InboxGap | None] = []
    steps = world.steps

    def noting(batch: Batch) -> list[Step]:
        gaps.append(batch.gap)
        return steps(batch)

    world.steps = noting  # type: ignore[method-assign]
    relay = world.relay(max_batch=1)
    relay.put(delivery(0))
    relay.put(replace(delivery(7), after_gap=True))
    await run_until(relay, lambda: world.cursor == 7)
    assert gaps == [None, InboxGap("inbox.0")]
