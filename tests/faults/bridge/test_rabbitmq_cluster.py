"""The node that leads an inbox is killed: a cluster of three holds what was confirmed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pika
import pytest
from bridges import Bridges
from fault_ledger import Fate, FaultPublisher
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


def messages_there(frames: dict[str, list[bytes]]) -> int:
    return sum(map(len, frames.values()))


async def test_the_node_that_leads_the_inbox_is_killed_under_load_and_nothing_is_lost_or_doubled(
    cluster: RabbitMqCluster, project: Project, rooms: list[str]
) -> None:
    """The bridge was connected to it; the server, whose clients stay, and the publisher not."""
    leading, second, third = cluster.nodes
    await asyncio.to_thread(declare_inbox, cluster, leading)
    connected_to(project, second, third, leading)
    url, _ = await asyncio.to_thread(project.start_server)
    connected_to(project, leading, second, third)
    bridges, listeners = Bridges(project), Listeners()
    publisher = FaultPublisher(third.url, rooms, unique=True)
    try:
        for room in rooms:
            await listeners.join(url, room)
        await asyncio.to_thread(bridges.start)
        publisher.start()
        await asyncio.to_thread(wait_until, lambda: messages_there(listeners.frames) > 500)
        cluster.kill(leading)
        heard = messages_there(listeners.frames)
        await asyncio.to_thread(wait_until, lambda: messages_there(listeners.frames) > heard + 1000)
        assert cluster.leader_of(INBOX, second) != leading
        ledger = await asyncio.to_thread(publisher.stop)
        print({fate.name: ledger.count(fate) for fate in Fate})
        await listeners.account_for(ledger)
        assert ledger.differences(in_the_layer(project.postgres_dsn)) == []
    finally:
        await asyncio.to_thread(publisher.stop)
        await listeners.close()
        bridges.stop()
        project.stop()
