"""Bindings of server processes that die without unbinding are removed; those of others stay."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import psycopg
import pytest
from varied import channel_to, client_of, new_name, received, vary

from bridge.database import LayerDatabase
from bridge.sweeper import Sweeper
from project import Project, wait_until
from wsmigrate.amqp import BrokerHosts
from wsmigrate.config import Config

DEAD_AFTER_S = 8.0


@pytest.fixture
async def sweeping(project: Project) -> AsyncIterator[None]:
    """What each bridge does, with less patience than it has."""
    database = LayerDatabase(psycopg.conninfo.conninfo_to_dict(project.postgres_dsn), "layer")
    config = Config(amqp_url=project.amqp_url)
    sweeper = Sweeper(config, BrokerHosts(config.amqp_urls), database, DEAD_AFTER_S)
    running = asyncio.create_task(sweeper.run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await database.close()


def bound(project: Project) -> list[tuple[str, int]]:
    """The processes that are known, and how many rooms each has bound."""
    with psycopg.connect(project.postgres_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT owner, count(room) FROM wsmigrate_binder"
            " LEFT JOIN wsmigrate_bound_room USING (owner) GROUP BY owner ORDER BY owner"
        ).fetchall()
    return [(str(owner), int(count)) for owner, count in rows]


def is_routed(project: Project, room: str) -> bool:
    """Whether what is published to the room reaches any queue."""
    with channel_to(project.amqp_url) as channel:
        try:
            channel.basic_publish(room, "", b"probe", mandatory=True)
        except Exception as error:
            if type(error).__name__ != "UnroutableError":
                raise
            return False
        return True


@pytest.mark.usefixtures("sweeping")
async def test_a_killed_servers_bindings_are_removed_and_a_live_ones_stay(
    project: Project,
) -> None:
    vary(project)
    shared, own = new_name("shared"), new_name("own")
    url, _ = await asyncio.to_thread(project.start_server, log="lives")
    doomed_url, doomed = await asyncio.to_thread(project.start_server, log="doomed")
    with client_of(url, shared), client_of(doomed_url, shared), client_of(doomed_url, own):
        await asyncio.to_thread(
            wait_until, lambda: sorted(count for _, count in bound(project)) == [1, 2]
        )
        doomed.kill()
        doomed.wait(20)
        await asyncio.to_thread(wait_until, lambda: len(bound(project)) == 1)
        assert not is_routed(project, own)
        assert is_routed(project, shared)


@pytest.mark.usefixtures("sweeping")
async def test_a_server_that_was_only_frozen_binds_anew_and_tells_its_clients(
    project: Project,
) -> None:
    vary(project)
    room = new_name("room")
    url, server = await asyncio.to_thread(project.start_server)
    with client_of(url, room) as client:
        await asyncio.to_thread(wait_until, lambda: [c for _, c in bound(project)] == [1])
        server.send_signal(signal.SIGSTOP)
        try:
            await asyncio.to_thread(wait_until, lambda: bound(project) == [])
            assert not is_routed(project, room)
        finally:
            server.send_signal(signal.SIGCONT)
        with pytest.raises(Exception, match="1012"):
            await asyncio.to_thread(client.recv, timeout=60)
    await asyncio.to_thread(project.start_bridge)
    with client_of(url, room) as client, channel_to(project.amqp_url) as channel:
        channel.basic_publish(room, "", b"hello")
        while (heard := received(client, 1)) == ["probe"]:
            pass
        assert heard == ["hello"]
