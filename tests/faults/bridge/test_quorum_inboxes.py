"""Inboxes that an operator has declared as quorum queues, before anything of ours was started."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pika
import pytest
from bridges import Bridges
from fault_ledger import Fate, FaultPublisher
from listeners import Listeners

from broker_control import BrokerControl
from private_services import Services
from project import Project, wait_until
from wsmigrate.topology import InboxKind, inbox_names

INBOXES = inbox_names(2, InboxKind.QUEUE)
KILLS = 6


@pytest.fixture
def project(project: Project, amqp_url: str) -> Iterator[Project]:
    """Its inboxes are there already, as quorum queues."""
    project.variables = {
        **project.variables,
        "FAULT_INBOX_KIND": InboxKind.QUEUE.value,
        "FAULT_INBOXES": str(len(INBOXES)),
    }
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        for inbox in INBOXES:
            channel.queue_delete(inbox)
            channel.queue_declare(inbox, durable=True, arguments={"x-queue-type": "quorum"})
        yield project
    project.stop()
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        for inbox in INBOXES:
            connection.channel().queue_delete(inbox)


async def test_a_quorum_queue_is_used_as_it_is_and_kills_of_the_bridge_lose_and_double_nothing(
    services: Services,
    project: Project,
    bridges: Bridges,
    publisher: FaultPublisher,
    listeners: Listeners,
) -> None:
    """At least once into the layer; the hub drops by id what came twice."""
    publisher.with_ids = True
    running = await asyncio.to_thread(bridges.start)
    publisher.start()
    for _ in range(KILLS):
        heard = sum(map(len, listeners.frames.values()))
        async with asyncio.timeout(60):
            while sum(map(len, listeners.frames.values())) < heard + 100:
                await asyncio.sleep(0.01)
        running.send(signal.SIGKILL)
        running = await asyncio.to_thread(bridges.start)
    ledger = await asyncio.to_thread(publisher.stop)
    assert ledger.count(Fate.TAKEN) > KILLS * 100
    await listeners.account_for(ledger)
    broker = BrokerControl(services)
    await asyncio.to_thread(wait_until, lambda: kinds(broker) == dict.fromkeys(INBOXES, "quorum 0"))


def kinds(broker: BrokerControl) -> dict[str, str]:
    """The type of each inbox, and how many messages it holds: RabbitMQ counts every few seconds."""
    listed = broker("list_queues", "--no-table-headers", "name", "type", "messages")
    found = dict(line.split("\t", 1) for line in listed.splitlines())
    return {inbox: found[inbox].replace("\t", " ") for inbox in INBOXES}
