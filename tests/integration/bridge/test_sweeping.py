"""Bindings of server processes that die without unbinding are removed; those of others stay."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

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
    async with sweeper(project, DEAD_AFTER_S):
        yield


@asynccontextmanager
async def sweeper(project: Project, dead_after_s: float) -> AsyncIterator[None]:
    database = LayerDatabase(psycopg.conninfo.conninfo_to_dict(project.postgres_dsn), "layer")
    config = Config(amqp_url=project.amqp_url)
    sweeping = Sweeper(config, BrokerHosts(config.amqp_urls), database, dead_after_s)
    running = asyncio.create_task(sweeping.run())
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
async def test_a_clock_that_is_set_ahead_makes_nobody_look_dead(project: Project) -> None:
    vary(project)
    room = new_name("room")
    url, _ = await asyncio.to_thread(project.start_server)
    with client_of(url, room):
        await asyncio.to_thread(wait_until, lambda: [c for _, c in bound(project)] == [1])
        await asyncio.sleep(DEAD_AFTER_S)  # so long nobody is swept in any case
        for _ in range(4):  # between two heartbeats of the server
            project.execute("UPDATE wsmigrate_binder SET seen_at = seen_at - interval '1 hour'")
            await asyncio.sleep(2.5)
        assert [count for _, count in bound(project)] == [1]
        assert is_routed(project, room)


async def test_a_server_that_wakes_while_it_is_swept_hears_of_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would take its rooms for bound."""
    project.execute("INSERT INTO wsmigrate_binder (owner) VALUES ('frozen')")

    async def woken(*_: object) -> None:
        await asyncio.to_thread(
            project.execute, "UPDATE wsmigrate_binder SET seen_at = clock_timestamp()"
        )

    monkeypatch.setattr(Sweeper, "_unbind", woken)
    async with sweeper(project, dead_after_s=0.5):
        await asyncio.to_thread(wait_until, lambda: bound(project) == [])


async def test_the_bindings_to_an_exchange_of_another_type_are_removed_too(
    project: Project,
) -> None:
    vary(project)
    rooms = {kind: new_name(kind) for kind in ("topic", "direct", "headers")}
    with channel_to(project.amqp_url) as broker:
        for kind, room in rooms.items():
            broker.exchange_declare(room, kind, durable=True)
        url, doomed = await asyncio.to_thread(project.start_server)
        with ExitStack() as clients:
            for room in rooms.values():
                clients.enter_context(client_of(url, room))
            await asyncio.to_thread(wait_until, lambda: [c for _, c in bound(project)] == [3])
            doomed.kill()
            doomed.wait(20)
        assert all(is_routed(project, room) for room in rooms.values())
        async with sweeper(project, dead_after_s=2.0):
            await asyncio.to_thread(wait_until, lambda: bound(project) == [])
        assert not any(is_routed(project, room) for room in rooms.values())
        for room in rooms.values():
            broker.exchange_delete(room)


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
