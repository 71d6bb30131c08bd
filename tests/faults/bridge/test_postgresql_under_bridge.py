"""PostgreSQL breaks under running bridges: they hold what they have, and go on where they were."""

from __future__ import annotations

import asyncio
import os
import signal

import psycopg
from bridges import Bridges
from fault_ledger import FaultPublisher
from listeners import Listeners

from private_services import Services
from project import Project


async def test_postgresql_is_killed_and_starts_again(
    services: Services, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    running = [await asyncio.to_thread(bridges.start) for _ in range(2)]
    publisher.start()
    for _ in range(2):
        await asyncio.sleep(1)
        killed = services.pid("postgres")
        os.kill(killed, signal.SIGKILL)
        await asyncio.to_thread(services.wait_until_started_anew, "postgres", killed)
    await asyncio.sleep(1)
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)
    assert all(one.is_running for one in running)
    assert sum(one.figure("layer_failures") for one in running) > 0


async def test_the_bridges_connections_are_terminated_again_and_again(
    project: Project, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    for _ in range(2):
        await asyncio.to_thread(bridges.start)
    publisher.start()
    ended = 0
    for _ in range(10):
        await asyncio.sleep(0.3)
        ended += await asyncio.to_thread(terminate, project.postgres_dsn)
    assert ended >= 20
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)


def terminate(dsn: str) -> int:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return len(
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND (application_name LIKE 'wsmigrate bridge%%'"
                " OR application_name = 'wsmigrate layer, sending')"
            ).fetchall()
        )


async def test_the_batch_is_held_and_no_more_is_read_than_the_bound_while_it_is_away(
    services: Services, bridges: Bridges, publisher: FaultPublisher, listeners: Listeners
) -> None:
    only = await asyncio.to_thread(bridges.start)
    postmaster = services.pid("postgres")
    frozen = [postmaster, *children(postmaster)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        publisher.start()
        await asyncio.sleep(6)
        status, reasons = await asyncio.to_thread(only.get, "/readyz")
        assert status == 503
        assert "no-lease" in reasons
        assert (await asyncio.to_thread(only.get, "/healthz"))[0] == 200
        assert only.figure("lag_seconds") > 1
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123
        return [int(word) for word in file.read().split()]
