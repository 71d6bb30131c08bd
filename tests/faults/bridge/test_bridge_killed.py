"""Bridges are killed under load, at random and at every point: nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time

import pytest
from bridges import Bridges
from fault_ledger import FaultPublisher
from listeners import Listeners


async def kill_at_random(
    rounds: int, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    """Two bridges at a time; one is killed, another takes its place, again and again."""
    seed = int(time.time())
    print(f"random seed {seed}")
    chance = random.Random(seed)  # noqa: S311
    running = [await asyncio.to_thread(bridges.start) for _ in range(2)]
    publisher.start()
    for _ in range(rounds):
        await asyncio.sleep(chance.uniform(0.0, 0.35))
        victim = running.pop(chance.randrange(2))
        victim.send(signal.SIGKILL)
        running.append(await asyncio.to_thread(bridges.start, wait=False))
    # At least one had something in hand when it was killed, else the test says nothing.
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)
    relayed = sum("Relaying" in process.said() for process in bridges.all)
    assert relayed > min(4, rounds // 4), "hardly any bridge came to relay anything"


async def test_killed_at_random_again_and_again_under_load(
    bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    await kill_at_random(25, bridges, publisher, listeners)


@pytest.mark.long
async def test_killed_at_random_hundreds_of_times_under_load(
    bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    await kill_at_random(int(os.environ.get("KILL_ROUNDS", "300")), bridges, publisher, listeners)


@pytest.mark.parametrize("point", ["before-write", "after-commit", "before-ack", "after-ack"])
async def test_killed_at_a_point_of_the_relay_several_times(
    bridges: Bridges, publisher: FaultPublisher, listeners: Listeners, point: str
) -> None:
    publisher.start()
    for number in (1, 3, 5):
        doomed = await asyncio.to_thread(bridges.start, dies_at=f"{point}:{number}", wait=False)
        async with asyncio.timeout(60):
            while doomed.is_running:
                await asyncio.sleep(0.02)
    await asyncio.to_thread(bridges.start)
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)
