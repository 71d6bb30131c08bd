"""The node that leads an inbox is killed: a cluster of three holds what was confirmed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pika
import pytest
from bridges import BridgeProcess, Bridges
from fault_ledger import FaultPublisher
from listeners import Listeners, in_the_layer

from dev_stack.runtime import Runtime
from project import Project, wait_until
from rabbitmq_cluster import Node, RabbitMqCluster
from wsmigrate.topology import InboxRetention, inbox_arguments, inbox_names

(INBOX,) = inbox_names(1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[RabbitMqCluster]:
    with Runtime(logging.getLogger(__name__).info) as runtime:
        yield RabbitMqCluster(runtime, 3)


def declare_inbox(cluster: RabbitMqCluster, node: Node) -> None:
    """Anew, with its leader on this node."""
    with pika.BlockingConnection(pika.URLParameters(node.url)) as connection:
        channel = connection.channel()
        channel.queue_delete(INBOX)
        channel.queue_declare(INBOX, durable=True, arguments=inbox_arguments(InboxRetention()))
    wait_until(lambda: cluster.leader_of(INBOX, node) == node)


def connected_to(project: Project, *nodes: Node) -> None:
    """The processes that are started from now on know all hosts, and try the first one first."""
    project.variables = {
        **project.variables,
        "FAULT_INBOXES": "1",
        "WSMIGRATE_AMQP_URL": ",".join(node.url for node in nodes),
    }


class Company:
    """A server with its clients, a bridge and a publisher, each by way of a node of its own."""

    def __init__(self, project: Project, cluster: RabbitMqCluster, rooms: list[str]) -> None:
        self.project = project
        self.listeners = Listeners()
        self.bridges = Bridges(project)
        self.publisher = FaultPublisher(cluster.nodes[2].url, rooms, unique=True)
        self._rooms = rooms
        self._url = ""

    async def begin(self, cluster: RabbitMqCluster, server_by: Node) -> BridgeProcess:
        leading, *others = cluster.nodes
        await asyncio.to_thread(cluster.wait_until_whole)
        await asyncio.to_thread(declare_inbox, cluster, leading)
        connected_to(self.project, server_by, *(n for n in cluster.nodes if n != server_by))
        self._url, _ = await asyncio.to_thread(self.project.start_server)
        connected_to(self.project, leading, *others)
        await self.join()
        bridge = await asyncio.to_thread(self.bridges.start)
        self.publisher.start()
        await self.hear(500)
        return bridge

    async def join(self) -> None:
        for room in self._rooms:
            await self.listeners.join(self._url, room)

    async def hear(self, more: int) -> None:
        """Until so many messages more have come to clients."""
        there = self._heard() + more
        await asyncio.to_thread(wait_until, lambda: self._heard() >= there, self.bridges.said)

    def _heard(self) -> int:
        return sum(map(len, self.listeners.frames.values()))

    async def end(self) -> None:
        await asyncio.to_thread(self.publisher.stop)
        await self.listeners.close()
        self.bridges.stop()
        self.project.stop()


@pytest.fixture
async def company(
    project: Project, cluster: RabbitMqCluster, rooms: list[str]
) -> AsyncIterator[Company]:
    working = Company(project, cluster, rooms)
    yield working
    await working.end()


async def test_the_node_that_leads_the_inbox_is_killed_under_load_and_nothing_is_lost_or_doubled(
    cluster: RabbitMqCluster, company: Company
) -> None:
    """The bridge was connected to it; the server, whose clients stay, and the publisher not."""
    leading, second, _ = cluster.nodes
    bridge = await company.begin(cluster, server_by=second)
    cluster.kill(leading)
    await company.hear(1000)
    assert cluster.leader_of(INBOX, second) != leading
    assert bridge.figure("sessions") >= 2
    ledger = await asyncio.to_thread(company.publisher.stop)
    await company.listeners.account_for(ledger)
    assert ledger.differences(in_the_layer(company.project.postgres_dsn)) == []


async def test_clients_of_a_server_that_was_connected_to_the_killed_node_are_told(
    cluster: RabbitMqCluster, company: Company
) -> None:
    """Its mark in the broker went with the node, and so it takes the worst for granted."""
    leading = cluster.nodes[0]
    await company.begin(cluster, server_by=leading)
    cluster.kill(leading)
    listeners = company.listeners
    await asyncio.to_thread(wait_until, lambda: len(listeners.closed) == len(listeners.frames))
    assert set(listeners.closed) == {1012}
    await company.join()
    await company.hear(1000)
    ledger = await asyncio.to_thread(company.publisher.stop)
    dsn = company.project.postgres_dsn
    await asyncio.to_thread(wait_until, lambda: ledger.differences(in_the_layer(dsn)) == [])
