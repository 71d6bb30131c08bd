"""How often the broker hears of what was relayed."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from bridge import acknowledging
from bridge.acknowledging import Acknowledger
from wsmigrate.amqp import AmqpChannel


class Channel:
    """Notes acknowledgements; is its own raw channel."""

    def __init__(self) -> None:
        self.raw = self
        self.closed: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.acknowledged: list[int] = []
        self.is_open = True

    def basic_ack(self, tag: int, *, multiple: bool) -> None:
        assert multiple
        self.acknowledged.append(tag)


def acknowledger(channel: Channel, every: int) -> Acknowledger:
    return Acknowledger(cast("AmqpChannel", channel), every)


async def test_of_a_queue_everything_is_acknowledged_at_once() -> None:
    channel: Any = Channel()
    acknowledge = acknowledger(channel, every=1)
    for tag in (1, 4, 5):
        acknowledge(tag)
    assert channel.acknowledged == [1, 4, 5]


async def test_of_a_stream_many_are_acknowledged_together() -> None:
    channel: Any = Channel()
    acknowledge = acknowledger(channel, every=10)
    for tag in range(1, 26):
        acknowledge(tag)
    assert channel.acknowledged == [10, 20]


async def test_what_is_left_is_acknowledged_a_little_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledging, "_AT_LATEST_S", 0.01)
    channel: Any = Channel()
    acknowledge = acknowledger(channel, every=10)
    acknowledge(3)
    acknowledge(4)
    async with asyncio.timeout(5):
        while not channel.acknowledged:
            await asyncio.sleep(0.01)
    assert channel.acknowledged == [4]


async def test_a_channel_that_is_closed_or_being_closed_is_told_nothing() -> None:
    channel: Any = Channel()
    acknowledge = acknowledger(channel, every=1)
    channel.is_open = False
    acknowledge(1)
    assert channel.acknowledged == []
