"""Two sites on one vhost of a broker, each with a database of its own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pika
import psycopg
import pytest
from bridges import Bridges
from fault_ledger import FaultPublisher
from listeners import Listeners, in_the_layer
from websockets.exceptions import InvalidStatus

from bridge.database import LayerDatabase
from bridge.sweeper import Sweeper
from project import Project, wait_until
from site_fixtures import dsn_of, execute
from wsmigrate.amqp import BrokerHosts
from wsmigrate.config import Config
from wsmigrate.topology import InboxKind, InboxRetention, inbox_arguments, inbox_names

INBOXES = 2


@pytest.fixture
def other(project: Project, postgres_dsn: str, migrated_database: str) -> Iterator[Project]:
    """Another site, migrated by itself. Neither of them says more than how many inboxes it has."""
    project.variables = {**project.variables, "FAULT_INBOXES": str(INBOXES)}
    name = f"other_{uuid.uuid4().hex}"
    execute(postgres_dsn, "CREATE DATABASE {} TEMPLATE {}", name, migrated_database)
    folder = project.folder / "other"
    folder.mkdir()
    site = replace(project, postgres_dsn=dsn_of(postgres_dsn, name), folder=folder, _running=[])
    # The template's key was copied; a migration of its own draws another.
    site.execute("UPDATE wsmigrate_log SET key = left(md5(random()::text), 16)")
    yield site
    site.stop()
    project.stop()
    execute(postgres_dsn, "DROP DATABASE {} WITH (FORCE)", name)
    with pika.BlockingConnection(pika.URLParameters(project.amqp_url)) as connection:
        channel = connection.channel()
        for prefix in ("wsmigrate", "shop", "forum"):
            for kind in InboxKind:
                for inbox in inbox_names(INBOXES, kind, prefix):
                    channel.queue_delete(inbox)


def with_prefix(site: Project, prefix: str) -> None:
    site.variables = {**site.variables, "FAULT_INBOX_PREFIX": prefix}


@asynccontextmanager
async def audience(url: str, rooms: Sequence[str]) -> AsyncIterator[Listeners]:
    everybody = Listeners()
    try:
        for room in rooms:
            await everybody.join(url, room)
        yield everybody
    finally:
        await everybody.close()


@asynccontextmanager
async def impatient_sweeper(site: Project, prefix: str) -> AsyncIterator[None]:
    """What each bridge of the site does, with less patience than it has."""
    database = LayerDatabase(psycopg.conninfo.conninfo_to_dict(site.postgres_dsn), "layer")
    config = Config(amqp_url=site.amqp_url, inboxes=INBOXES, inbox_prefix=prefix)
    sweeping = asyncio.create_task(
        Sweeper(config, BrokerHosts(config.amqp_urls), database, dead_after_s=7.0).run()
    )
    yield
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    await database.close()


def binders(site: Project) -> int:
    """How many processes of the site are known to have bound two rooms."""
    rows = site.execute("SELECT owner FROM wsmigrate_bound_room GROUP BY owner HAVING count(*) = 2")
    return len(rows)


async def test_with_prefixes_of_their_own_each_hears_its_rooms_and_sweeps_its_dead_alone(
    project: Project, other: Project, amqp_url: str
) -> None:
    """Both have a room ``both``: its exchange is one, as it is for the old servers. When the other
    site's server is killed and its bindings are removed, this site's stay."""
    with_prefix(project, "shop")
    with_prefix(other, "forum")
    url, _ = await asyncio.to_thread(project.start_server)
    other_url, doomed = await asyncio.to_thread(other.start_server)
    relays, other_relays = Bridges(project), Bridges(other)
    ours = FaultPublisher(amqp_url, ["ours", "both"], per_s=100)
    theirs = FaultPublisher(amqp_url, ["theirs"], per_s=100)
    try:
        async with audience(url, ["ours", "both"]) as listeners:
            async with audience(other_url, ["theirs", "both"]) as other_listeners:
                for one in (relays, other_relays):
                    await asyncio.to_thread(one.start)
                for publisher in (ours, theirs):
                    publisher.start()
                await asyncio.to_thread(wait_until, lambda: binders(project) == 1)
                await asyncio.to_thread(wait_until, lambda: binders(other) == 1)
                their_ledger = await asyncio.to_thread(theirs.stop)
                async with asyncio.timeout(60):
                    while len(other_listeners.frames["both"]) < 50:
                        await asyncio.sleep(0.05)
                await other_listeners.account_for(their_ledger)
            doomed.kill()
            async with impatient_sweeper(other, "forum"), impatient_sweeper(project, "shop"):
                await asyncio.to_thread(wait_until, lambda: binders(other) == 0)
            assert binders(project) == 1
            await asyncio.sleep(1)  # goes on being published to
            await listeners.account_for(await asyncio.to_thread(ours.stop))
        assert set(in_the_layer(project.postgres_dsn)) == {"ours", "both"}
        assert set(in_the_layer(other.postgres_dsn)) == {"theirs", "both"}
    finally:
        for publisher in (ours, theirs):
            await asyncio.to_thread(publisher.stop)
        for one in (relays, other_relays):
            one.stop()


async def test_a_site_that_forgets_its_prefix_takes_no_queue_of_the_other(
    project: Project, other: Project, amqp_url: str
) -> None:
    for site in (project, other):
        site.variables = {**site.variables, "FAULT_INBOX_KIND": InboxKind.QUEUE.value}
    url, _ = await asyncio.to_thread(project.start_server)
    relays = Bridges(project)
    publisher = FaultPublisher(amqp_url, ["ours"], per_s=100)
    try:
        async with audience(url, ["ours"]) as listeners:
            await asyncio.to_thread(relays.start)
            publisher.start()
            bridge = other.start("-m", "migrate_cli", "bridge", "run", log="bridge")
            said = other.log("bridge")
            await asyncio.to_thread(wait_until, lambda: bridge.poll() is not None, said)
            assert bridge.returncode == 2
            assert "is another site's" in said()
            assert "INBOX_PREFIX" in said()
            assert "Traceback" not in said()
            await refuses_clients(other)
            await listeners.account_for(await asyncio.to_thread(publisher.stop))
        assert in_the_layer(other.postgres_dsn) == {}
    finally:
        await asyncio.to_thread(publisher.stop)
        relays.stop()


async def test_a_site_that_forgets_its_prefix_is_told_and_hinders_no_stream_of_the_other(
    project: Project, other: Project, amqp_url: str
) -> None:
    """A site whose database was made anew looks the same, and has to go on."""
    url, _ = await asyncio.to_thread(project.start_server)
    other_url, _ = await asyncio.to_thread(other.start_server)
    relays, other_relays = Bridges(project), Bridges(other)
    ours = FaultPublisher(amqp_url, ["ours"], per_s=100)
    theirs = FaultPublisher(amqp_url, ["theirs"], per_s=100)
    try:
        async with (
            audience(url, ["ours"]) as listeners,
            audience(other_url, ["theirs"]) as other_listeners,
        ):
            for one in (relays, other_relays):
                await asyncio.to_thread(one.start)
            for publisher in (ours, theirs):
                publisher.start()
            await asyncio.sleep(3)  # of publishing
            await listeners.account_for(await asyncio.to_thread(ours.stop))
            await other_listeners.account_for(await asyncio.to_thread(theirs.stop))
        assert "is another site's" in other_relays.all[0].said()
        assert "is another site's" not in relays.all[0].said()
    finally:
        for publisher in (ours, theirs):
            await asyncio.to_thread(publisher.stop)
        for one in (relays, other_relays):
            one.stop()


async def refuses_clients(site: Project) -> None:
    """What is published to its rooms would be relayed by the other site."""
    site.variables = {**site.variables, "FAULT_BIND_TIMEOUT_S": "2"}
    url, _ = await asyncio.to_thread(site.start_server)
    with pytest.raises(InvalidStatus, match="503"):
        async with audience(url, ["theirs"]):
            pass
    assert "is another site's" in site.log("channels")()


async def test_an_inbox_that_is_deleted_is_nobodys(
    project: Project, other: Project, amqp_url: str
) -> None:
    """So a site that is gone for good leaves nothing that has to be undone by hand."""
    relays, other_relays = Bridges(project), Bridges(other)
    try:
        await asyncio.to_thread(relays.start)
        relays.stop()
        with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
            for inbox in inbox_names(INBOXES):
                connection.channel().queue_delete(inbox)
        await asyncio.to_thread(other_relays.start)
    finally:
        relays.stop()
        other_relays.stop()


def test_a_site_with_a_new_database_takes_its_inboxes_over_and_only_when_it_is_told_to(
    project: Project, other: Project
) -> None:
    claim = ("-m", "migrate_cli", "bridge", "claim")
    with pika.BlockingConnection(pika.URLParameters(project.amqp_url)) as connection:
        for inbox in inbox_names(INBOXES):
            arguments = inbox_arguments(InboxRetention())
            connection.channel().queue_declare(inbox, durable=True, arguments=arguments)

    def said(site: Project, *options: str) -> tuple[int, str]:
        ended = site.run(*claim, *options, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    assert said(project)[0] == 0
    assert said(project)[1].count("nobody's yet") == INBOXES
    assert said(project, "--execute")[1].count("this site's\n") == INBOXES
    code, told = said(other)
    assert (code, told.count("another site's\n")) == (1, INBOXES)
    assert said(project)[1].count("this site's\n") == INBOXES
    code, told = said(other, "--execute")
    assert (code, told.count("this site's\n")) == (0, INBOXES)
    assert said(project)[0] == 1
