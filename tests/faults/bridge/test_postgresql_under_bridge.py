"""PostgreSQL breaks under running bridges: they hold what they have, and go on where they were."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import psutil
import psycopg
from bridges import Bridges
from fault_ledger import FaultPublisher
from listeners import Listeners, in_the_layer

from private_services import Services
from project import Project, wait_until


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
    assert any("leases cannot be renewed" in one.said() for one in running)


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


async def test_a_bridge_that_is_told_to_end_does_not_wait_for_a_frozen_database(
    services: Services,
    bridges: Bridges,
    publisher: FaultPublisher,
    listeners: Listeners,
) -> None:
    only = await asyncio.to_thread(bridges.start)
    publisher.publish("fault-0", b"before")
    await listeners.account_for(publisher.ledger)
    postmaster = psutil.Process(services.pid("postgres"))
    frozen = [postmaster, *postmaster.children(recursive=True)]
    for process in frozen:
        process.suspend()
    try:
        publisher.publish("fault-0", b"meanwhile")
        await asyncio.sleep(1)
        only.send(signal.SIGTERM)
        # The batch in hand gets ten seconds; the database then three for the leases.
        await asyncio.to_thread(wait_until, lambda: not only.is_running, only.said, 30)
    finally:
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
    assert "Stopped:" in only.said()
    await asyncio.to_thread(bridges.start)
    await listeners.account_for(publisher.ledger)


async def test_a_database_that_refuses_the_login_for_a_while_is_waited_for(
    project: Project, bridges: Bridges, publisher: FaultPublisher, postgres_dsn: str
) -> None:
    """As in a failover, or while it is restored. A login that never worked is a wrong setting."""
    name = psycopg.conninfo.conninfo_to_dict(project.postgres_dsn)["dbname"]
    only = await asyncio.to_thread(bridges.start)
    publisher.start()
    await asyncio.sleep(0.5)
    await asyncio.to_thread(rename, postgres_dsn, str(name), f"{name}_away")
    await asyncio.to_thread(wait_until, lambda: "does not exist" in only.said())
    await asyncio.sleep(4)
    await asyncio.to_thread(rename, postgres_dsn, f"{name}_away", str(name))
    ledger = await asyncio.to_thread(publisher.stop)
    await asyncio.to_thread(
        wait_until,
        lambda: ledger.differences(in_the_layer(project.postgres_dsn)) == [],
        only.said,
    )
    assert only.is_running


def rename(dsn: str, old: str, new: str) -> None:
    """Again while somebody gets in between the end of all sessions and the new name."""

    def renamed() -> bool:
        with contextlib.suppress(psycopg.errors.ObjectInUse):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [old]
            )
            connection.execute(f'ALTER DATABASE "{old}" RENAME TO "{new}"')
            return True
        return False

    with psycopg.connect(dsn, autocommit=True) as connection:
        wait_until(renamed)


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
