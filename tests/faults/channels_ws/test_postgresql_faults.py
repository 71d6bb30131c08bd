"""PostgreSQL breaks while messages flow: nobody loses a message, gets one twice, or is closed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import psycopg
import pytest
from room_publisher import RoomPublisher

from audience import Audience
from private_services import Services
from project import Project


async def settled(audience: Audience, publisher: RoomPublisher) -> None:
    """All is well: every client got what was published to its room, and is still connected."""
    published = await asyncio.to_thread(publisher.stop)
    rounds = len(next(iter(published.values())))
    assert rounds > 50, "too little was published to tell"
    await audience.wait_for(rounds)
    assert audience.differences(published) == []
    assert [client.closed for client in audience.clients] == [None] * len(audience.clients)


def layer_connections(dsn: str, role: str) -> list[int]:
    """End the layer's connections of a role; the ids of their server processes."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            (f"wsmigrate layer, {role}",),
        ).fetchall()
    return [row[0] for row in rows]


async def test_postgresql_is_killed_and_starts_again(
    services: Services, audience: Audience, publisher: RoomPublisher
) -> None:
    publisher.start()
    for _ in range(2):
        await asyncio.sleep(1.5)
        killed = services.pid("postgres")
        os.kill(killed, signal.SIGKILL)
        await asyncio.to_thread(services.wait_until_started_anew, "postgres", killed)
    await asyncio.sleep(2)
    await settled(audience, publisher)


@pytest.mark.parametrize("role", ["receiving", "sending"])
async def test_the_connections_of_the_layer_are_ended_again_and_again(
    project: Project, audience: Audience, publisher: RoomPublisher, role: str
) -> None:
    publisher.start()
    ended = 0
    for _ in range(8):
        await asyncio.sleep(0.4)
        ended += len(await asyncio.to_thread(layer_connections, project.postgres_dsn, role))
    assert ended >= 8
    await settled(audience, publisher)


async def test_postgresql_is_frozen_for_a_while(
    services: Services, audience: Audience, publisher: RoomPublisher
) -> None:
    publisher.start()
    await asyncio.sleep(1)
    frozen = frozen_processes(services.pid("postgres"))
    try:
        await asyncio.sleep(12)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    await asyncio.sleep(2)
    await settled(audience, publisher)


async def test_clients_that_come_while_postgresql_is_away_are_let_in_and_miss_nothing(
    services: Services, servers: list[str], amqp_url: str
) -> None:
    async with Audience() as audience:
        frozen = frozen_processes(services.pid("postgres"))
        try:
            for url in servers:
                await audience.join(url, "fault-new")
            publisher = RoomPublisher(amqp_url, ["fault-new"])
            publisher.start()
            await asyncio.sleep(3)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        await settled(audience, publisher)


def frozen_processes(postmaster: int) -> list[int]:
    """Freeze PostgreSQL with all its processes; their ids."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    pids = [postmaster, *map(int, children)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    return pids
