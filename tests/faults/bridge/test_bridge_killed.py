"""Bridges are killed under load, at random and at every point: nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from typing import Any

import psycopg
import pytest
from bridges import Bridges
from fault_ledger import FaultPublisher
from listeners import Listeners

from project import Project, wait_until


async def kill_at_random(
    rounds: int,
    project: Project,
    bridges: Bridges,
    publisher: FaultPublisher,
    listeners: Listeners,
) -> None:
    """Two bridges at a time; one is killed, another takes its place, again and again."""
    seed = int(time.time())
    print(f"random seed {seed}")
    chance = random.Random(seed)
    running = [await asyncio.to_thread(bridges.start) for _ in range(2)]
    publisher.start()
    for _ in range(rounds):
        # Each kill is of a bridge among those at work, else it says nothing.
        await asyncio.to_thread(wait_for_progress, project.postgres_dsn)
        await asyncio.sleep(chance.uniform(0.0, 0.35))
        victim = running.pop(chance.randrange(2))
        victim.send(signal.SIGKILL)
        running.append(await asyncio.to_thread(bridges.start, wait=False))
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)
    assert sum(not process.is_running for process in bridges.all) == rounds


def wait_for_progress(dsn: str) -> None:
    """Until some cursor moves."""
    with psycopg.connect(dsn, autocommit=True) as connection:

        def cursors() -> Any:
            return connection.execute('SELECT sum("offset") FROM wsmigrate_cursor').fetchone()

        before = cursors()
        wait_until(lambda: cursors() != before)


async def test_killed_at_random_again_and_again_under_load(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    await kill_at_random(15, project, bridges, publisher, listeners)


@pytest.mark.long
async def test_killed_at_random_hundreds_of_times_under_load(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    rounds = int(os.environ.get("KILL_ROUNDS", "300"))
    await kill_at_random(rounds, project, bridges, publisher, listeners)


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
