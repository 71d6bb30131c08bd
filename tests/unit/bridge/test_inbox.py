from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bridge.inbox import Delivery, InboxRelay, RelayCounts
from bridge.sinks import Step
from wsmigrate.cursor import CursorMove
from wsmigrate.errors import UnavailableError
from wsmigrate.message import Message


@dataclass
class World:
    """A layer, a cursor and a broker's acknowledgements, in memory."""

    sent: list[Message] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    cursor: int | None = None
    log: list[str] = field(default_factory=list)
    failures: int = 0
    counts: RelayCounts = field(default_factory=RelayCounts)

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

    def steps(self, messages: Sequence[Message], move: CursorMove | None) -> list[Step]:
        steps: list[Step] = [functools.partial(self.send, message) for message in messages]
        return steps if move is None else [*steps, functools.partial(self.move, move)]

    def acknowledge(self, tag: int) -> None:
        self.acknowledged.append(tag)
        self.log.append(f"ack {tag}")

    def relay(self, **options: Any) -> InboxRelay:
        relay = InboxRelay(
            "inbox.0",
            cursor=self.cursor,
            sink=self,
            counts=self.counts,
            max_message_bytes=options.pop("max_message_bytes", 100),
            **options,
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
    assert world.counts.skipped == 2


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
    assert world.counts.unrelayable == 2
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
