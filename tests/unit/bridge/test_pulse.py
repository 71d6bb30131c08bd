"""Whether the broker is taken for gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from bridge.pulse import Pulse
from wsmigrate.amqp import AmqpConnection
from wsmigrate.errors import UnavailableError

PATIENCE_S = 0.2


class Broker:
    """Its own connection and channel. Answers by ``answer``."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer
        self.asked = 0

    async def channel(self) -> Broker:
        return self

    async def rpc(self, _method: str, **_arguments: Any) -> None:
        self.asked += 1
        await self._answer()


async def never() -> None:
    await asyncio.Event().wait()


def watched(pulse: Pulse, broker: Broker) -> asyncio.Task[None]:
    return asyncio.create_task(pulse.watch(cast("AmqpConnection", broker), lambda: None))


async def test_a_broker_that_does_not_answer_is_given_up() -> None:
    with pytest.raises(UnavailableError, match="said nothing for"):
        await asyncio.wait_for(watched(Pulse(PATIENCE_S), Broker(never)), 10)


async def test_one_that_delivers_instead_of_answering_is_not() -> None:
    pulse = Pulse(PATIENCE_S)
    watching = watched(pulse, Broker(never))
    for _ in range(60):
        await asyncio.sleep(0.01)
        pulse.felt()
    assert not watching.done()
    watching.cancel()


async def test_one_whose_answer_lies_there_while_this_process_is_stuck_is_not() -> None:
    async def slowly() -> None:
        for _ in range(8):
            await asyncio.sleep(0)

    broker = Broker(slowly)
    watching = watched(Pulse(PATIENCE_S), broker)
    while broker.asked < 3 and not watching.done():
        time.sleep(0.15)  # noqa: ASYNC251 - that is the fault
        await asyncio.sleep(0)
    assert not watching.done()
    watching.cancel()


async def test_nothing_is_expected_while_reading_is_paused() -> None:
    pulse = Pulse(PATIENCE_S)
    watching = watched(pulse, Broker(never))
    await asyncio.sleep(PATIENCE_S / 3)  # it has asked by now, or does not
    pulse.pause()
    await asyncio.sleep(3 * PATIENCE_S)
    assert not watching.done()
    pulse.resume()
    with pytest.raises(UnavailableError):
        await asyncio.wait_for(watching, 10)
