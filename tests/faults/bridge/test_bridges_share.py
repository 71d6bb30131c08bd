"""Several bridges share the inboxes, and stand in for one that is killed, frozen or cut off."""

from __future__ import annotations

import asyncio
import signal
import time

import psycopg
from bridges import BridgeProcess, Bridges
from fault_ledger import FaultPublisher
from listeners import Listeners

from project import Project

LEASE_S = 3.0
SLACK_S = 3.0
"""What a busy machine takes longer than the promise, which is measured by benchmarks/relay.py."""


def holders(dsn: str) -> dict[str, int]:
    """How many inboxes each bridge process holds."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT b.pid, count(*) FROM wsmigrate_lease AS l JOIN wsmigrate_bridge AS b"
            " ON b.owner = l.holder WHERE l.expires_at > clock_timestamp() GROUP BY b.pid"
        ).fetchall()
    return {str(pid): int(count) for pid, count in rows}


async def shared_out(project: Project, expected: list[int], within_s: float = 30) -> float:
    """Wait until live bridges hold so many inboxes each; how long it took."""
    begun = time.monotonic()
    while sorted(holders(project.postgres_dsn).values()) != expected:
        assert time.monotonic() < begun + within_s, holders(project.postgres_dsn)
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def taken_over(project: Project, lost: BridgeProcess, within_s: float) -> None:
    """Wait until the lost bridge holds nothing, and others hold all."""
    end = time.monotonic() + within_s
    while True:
        now = holders(project.postgres_dsn)
        if str(lost.pid) not in now and sum(now.values()) == 8:
            return
        assert time.monotonic() < end, now
        await asyncio.sleep(0.05)


async def test_three_bridges_share_the_inboxes_and_share_them_again_when_one_ends(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    publisher.start()
    running = [await asyncio.to_thread(bridges.start) for _ in range(3)]
    await shared_out(project, [2, 3, 3])
    running[0].send(signal.SIGTERM)
    took = await shared_out(project, [4, 4])
    assert took < LEASE_S + SLACK_S
    assert "Stopped:" in running[0].said()
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)
    assert sum(one.figure("relayed") > 0 for one in running[1:]) == 2


async def test_a_bridge_that_is_killed_is_replaced_by_the_others_at_once(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    doomed, _ = [await asyncio.to_thread(bridges.start) for _ in range(2)]
    await shared_out(project, [4, 4])
    publisher.start()
    await asyncio.sleep(1)
    doomed.send(signal.SIGKILL)
    await taken_over(project, doomed, within_s=3 + SLACK_S)
    await asyncio.sleep(0.5)
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)


async def test_a_bridge_that_is_frozen_beyond_its_lease_is_replaced_and_does_no_harm_awake(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    frozen, _ = [await asyncio.to_thread(bridges.start) for _ in range(2)]
    await shared_out(project, [4, 4])
    publisher.start()
    for _ in range(2):
        await asyncio.sleep(1)
        frozen.send(signal.SIGSTOP)
        await taken_over(project, frozen, within_s=LEASE_S + 2 + SLACK_S)
        await asyncio.sleep(0.5)
        frozen.send(signal.SIGCONT)
        await shared_out(project, [4, 4])
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)
    assert "is another bridge's now" in frozen.said()


async def test_the_only_bridge_is_frozen_and_goes_on_where_it_was(
    bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    only = await asyncio.to_thread(bridges.start)
    publisher.start()
    await asyncio.sleep(0.5)
    only.send(signal.SIGSTOP)
    await asyncio.sleep(LEASE_S + 1)
    only.send(signal.SIGCONT)
    await asyncio.sleep(1)
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)
