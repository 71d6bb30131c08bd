"""Server processes are killed and frozen: the others go on, and nothing of the dead stays."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import psycopg
import pytest
from room_publisher import RoomPublisher

from audience import Audience
from project import SITE, Project, wait_until


@pytest.fixture
def project(project: Project) -> Project:
    """Its layer takes processes for dead within seconds."""
    project.variables = {
        "DJANGO_SETTINGS_MODULE": "impatient_settings",
        "PYTHONPATH": f"{SITE}:{Path(__file__).parent}",
    }
    return project


def readers(dsn: str) -> int:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM wsmigrate_reader").fetchone()
    assert row is not None
    return int(row[0])


async def test_a_server_process_is_killed_and_forgotten_while_the_other_goes_on(
    project: Project, amqp_url: str
) -> None:
    _, doomed = await asyncio.to_thread(project.start_server, log="doomed")
    url, _ = await asyncio.to_thread(project.start_server, log="survivor")
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        for _ in range(4):
            await audience.join(url, "fault-0")
        publisher = RoomPublisher(amqp_url, ["fault-0"])
        publisher.start()
        await asyncio.to_thread(wait_until, lambda: readers(project.postgres_dsn) == 2)
        doomed.kill()
        try:
            await asyncio.to_thread(wait_until, lambda: readers(project.postgres_dsn) == 1)
        finally:
            published = await asyncio.to_thread(publisher.stop)
        await audience.wait_for(len(published["fault-0"]))
        assert len(published["fault-0"]) > 50
        assert audience.differences(published) == []


async def test_a_process_that_was_frozen_for_longer_than_messages_are_kept_closes_its_sockets(
    project: Project, amqp_url: str
) -> None:
    url, server = await asyncio.to_thread(project.start_server)
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        client = await audience.join(url, "fault-0")
        publisher = RoomPublisher(amqp_url, ["fault-0"])
        publisher.start()
        await asyncio.sleep(0.5)
        server.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(1)
            await asyncio.to_thread(publisher.stop)
            await asyncio.to_thread(forget_everything, project.postgres_dsn)
        finally:
            server.send_signal(signal.SIGCONT)
        await asyncio.to_thread(wait_until, lambda: client.closed is not None)
        assert client.closed == 1012
        back = await audience.join(url, "fault-0")
        again = RoomPublisher(amqp_url, ["fault-0"])
        again.start()
        await asyncio.sleep(0.5)
        published = await asyncio.to_thread(again.stop)
        audience.clients = [back]
        await audience.wait_for(len(published["fault-0"]))
        assert audience.differences(published) == []


def forget_everything(dsn: str) -> None:
    """Delete all messages, as time does, and end the connections that receive, as firewalls do."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE '%receiving'"
        )
        row = connection.execute("SELECT wsmigrate_clean('asgi', 0, 0, 0, 1000000)").fetchone()
        assert row is not None
        assert row[0] > 0
