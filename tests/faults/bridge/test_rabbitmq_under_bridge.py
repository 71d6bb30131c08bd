"""RabbitMQ breaks under running bridges, or the way to it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pika
import pytest
from bridges import Bridges
from fault_ledger import Fate, FaultPublisher, Ledger
from holding_relay import HoldingRelay
from listeners import Listeners, in_the_layer
from test_bridges_share import LEASE_S, SLACK_S, shared_out, taken_over

from broker_control import BrokerControl
from private_services import Services
from project import Project, wait_until
from relay import Relay
from wsmigrate.compare import compare


@pytest.fixture
def broker(services: Services) -> BrokerControl:
    return BrokerControl(services)


@pytest.fixture
def between(amqp_url: str, project: Project) -> Iterator[HoldingRelay]:
    """A way to the broker that can be cut or held up."""
    parameters = pika.URLParameters(amqp_url)
    relay = HoldingRelay(project.free_port(), (parameters.host, parameters.port))
    yield relay
    relay.release()
    relay.cut()


def by_way_of(project: Project, relay: Relay) -> Project:
    """The same site, whose processes reach the broker through the relay."""
    port = pika.URLParameters(project.amqp_url).port
    variables = {"WSMIGRATE_AMQP_URL": project.amqp_url.replace(f":{port}", f":{relay.port}")}
    return replace(project, variables={**project.variables, **variables})


async def test_rabbitmq_is_restarted_and_what_had_reached_the_inboxes_survives(
    services: Services, project: Project, bridges: Bridges, amqp_url: str, rooms: list[str]
) -> None:
    url, _ = await asyncio.to_thread(project.start_server)
    listeners = Listeners()
    for room in rooms:
        await listeners.join(url, room)
    publisher = FaultPublisher(amqp_url, rooms, unique=True)
    publisher.start()
    try:
        await asyncio.sleep(1.5)  # no bridge: the messages, which are transient, wait
        killed = services.pid("rabbitmq")
        os.kill(killed, signal.SIGTERM)
        await asyncio.to_thread(services.wait_until_started_anew, "rabbitmq", killed)
        await asyncio.to_thread(bridges.start)
        async with asyncio.timeout(90):
            while len(listeners.closed) < len(rooms):
                await asyncio.sleep(0.1)
        # They were told by 1012 that they may have missed something, and come back.
        assert set(listeners.closed) == {1012}
        listeners.closed.clear()
        for room in rooms:
            await listeners.join(url, room)
        await asyncio.sleep(1.5)
    finally:
        ledger = await asyncio.to_thread(publisher.stop)
    try:
        assert ledger.count(Fate.TAKEN) > 300
        await asyncio.to_thread(relayed_to_the_end, project, ledger)
        assert ledger.differences(in_the_layer(project.postgres_dsn)) == []
        # Of the clients nobody hears anything twice or out of order, and in the end all hear again.
        for room in rooms:
            outcome = compare(ledger.expected(room), listeners.frames[room])
            assert (outcome.duplicated, outcome.out_of_order) == (0, 0)
            assert listeners.frames[room][-1] == ledger.expected(room)[-1]
    finally:
        await listeners.close()


@pytest.mark.parametrize("kind", ["memory", "disk"])
async def test_the_reverse_relay_waits_while_the_broker_takes_nothing_and_doubles_nothing(
    broker: BrokerControl, project: Project, amqp_url: str, kind: str
) -> None:
    """Another try would leave what was sent in the connection before, to be published as well."""
    room = "reverse-fault"
    log = project.log("reverse")
    process = await asyncio.to_thread(
        project.start, "-m", "migrate_cli", "bridge", "reverse", log="reverse"
    )
    await asyncio.to_thread(wait_until, lambda: "Relaying from the layer" in log(), log)
    alarm, calm = ALARMS[kind]
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.exchange_declare(room, "fanout")
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, room)
        try:
            await asyncio.to_thread(broker, *alarm)
            for number in range(5):
                project.execute(f"SELECT wsmigrate_publish('{room}', '{number}')")
            await asyncio.to_thread(wait_until, lambda: "takes nothing" in log(), log)
            await asyncio.sleep(4 * LEASE_S)
            assert "Trying again" not in log()
        finally:
            await asyncio.to_thread(broker, *calm)
        heard: list[bytes] = []
        async with asyncio.timeout(60):
            while len(heard) < 5:
                body = channel.basic_get(queue, auto_ack=True)[2]
                if body is not None:
                    heard.append(body)
                await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        assert heard == [b"0", b"1", b"2", b"3", b"4"]
        assert channel.basic_get(queue)[2] is None
    assert process.poll() is None


def relayed_to_the_end(project: Project, ledger: Ledger) -> None:
    """Wait until the last message of each room is in the layer."""

    def all_there() -> bool:
        there = in_the_layer(project.postgres_dsn)
        return all(ledger.expected(room)[-1] in there.get(room, []) for room in ledger.entries)

    wait_until(all_there)
    time.sleep(0.5)  # for what should not come any more, and for the clients


async def test_connections_are_cut_again_and_again(
    project: Project,
    between: HoldingRelay,
    publisher: FaultPublisher,
    listeners: Listeners,
) -> None:
    bridges = Bridges(by_way_of(project, between))
    try:
        for _ in range(2):
            await asyncio.to_thread(bridges.start)
        publisher.start()
        for _ in range(8):
            await asyncio.sleep(0.4)
            between.cut()
            await asyncio.sleep(0.1)
            between.restore()
        ledger = await asyncio.to_thread(publisher.stop)
        await listeners.account_for(ledger)
        assert sum(one.figure("sessions") for one in bridges.all) >= 16
    finally:
        bridges.stop()


class CuttingRelay(Relay):
    """Cuts a connection, some times, where the client sends a certain part of the login."""

    def __init__(self, port: int, target: tuple[str, int], part: bytes, times: int) -> None:
        self._part = part
        self._times = times
        self.cuts = 0
        super().__init__(port, target)

    def passed(self, data: bytes) -> bytes:
        if self._part in data and self.cuts < self._times:
            self.cuts += 1
            raise ConnectionResetError("cut on purpose")
        return data


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"\x00guest\x00guest", id="the password"),
        pytest.param(b"\x00\x0a\x00\x28", id="the vhost"),  # Connection.Open
    ],
)
async def test_a_connection_that_is_cut_while_logging_in_is_not_taken_for_refused(
    project: Project,
    amqp_url: str,
    publisher: FaultPublisher,
    listeners: Listeners,
    part: bytes,
) -> None:
    parameters = pika.URLParameters(amqp_url)
    relay = CuttingRelay(project.free_port(), (parameters.host, parameters.port), part, times=12)
    bridges = Bridges(by_way_of(project, relay))
    try:
        publisher.start()
        only = await asyncio.to_thread(bridges.start)
        ledger = await asyncio.to_thread(publisher.stop)
        await listeners.account_for(ledger)
        assert relay.cuts == 12
        assert only.is_running
    finally:
        relay.cut()
        bridges.stop()


async def test_a_half_open_connection_is_noticed_and_others_take_over(
    project: Project,
    between: HoldingRelay,
    bridges: Bridges,
    publisher: FaultPublisher,
    listeners: Listeners,
) -> None:
    cut_off_ones = Bridges(by_way_of(project, between))
    try:
        cut_off = await asyncio.to_thread(cut_off_ones.start)
        await asyncio.to_thread(bridges.start)
        await shared_out(project, [4, 4])
        publisher.start()
        await asyncio.sleep(0.5)
        between.hold()
        await taken_over(project, cut_off, within_s=LEASE_S + 2 + SLACK_S)
        await asyncio.sleep(1)
        assert "broker-away" in (await asyncio.to_thread(cut_off.get, "/readyz"))[1]
        between.release()
        await shared_out(project, [4, 4])
        ledger = await asyncio.to_thread(publisher.stop)
        await listeners.account_for(ledger)
    finally:
        between.release()
        cut_off_ones.stop()


async def test_the_operator_closes_all_connections(
    broker: BrokerControl, project: Project, bridges: Bridges, amqp_url: str, rooms: list[str]
) -> None:
    """The server's and the publisher's too; the bindings stay."""
    url, _ = await asyncio.to_thread(project.start_server)
    await asyncio.to_thread(bridges.start)
    listeners = Listeners()
    for room in rooms:
        await listeners.join(url, room)
    publisher = FaultPublisher(amqp_url, rooms, unique=True)
    publisher.start()
    try:
        for _ in range(3):
            await asyncio.sleep(1)
            await asyncio.to_thread(broker, "close_all_connections", "the operator's wish")
        await asyncio.sleep(1)
        ledger = await asyncio.to_thread(publisher.stop)
        assert ledger.count(Fate.TAKEN) > 200
        await listeners.account_for(ledger)
    finally:
        await asyncio.to_thread(publisher.stop)
        await listeners.close()


ALARMS = {
    "memory": (
        ("set_vm_memory_high_watermark", "absolute", "1MB"),
        ("set_vm_memory_high_watermark", "0.4"),
    ),
    "disk": (("set_disk_free_limit", "100000GB"), ("set_disk_free_limit", "5MB")),
}


@pytest.mark.parametrize("kind", ALARMS)
async def test_an_alarm_on_the_broker_stops_publishers_and_loses_nothing(
    broker: BrokerControl,
    bridges: Bridges,
    publisher: FaultPublisher,
    listeners: Listeners,
    kind: str,
) -> None:
    alarm, calm = ALARMS[kind]
    only = await asyncio.to_thread(bridges.start)
    publisher.start()
    await asyncio.sleep(1)
    try:
        await asyncio.to_thread(broker, *alarm)
        await asyncio.sleep(LEASE_S + 1)
        before = sum(map(len, publisher.ledger.entries.values()))
        await asyncio.sleep(0.5)
        assert sum(map(len, publisher.ledger.entries.values())) <= before + 1, "no alarm"
        assert (await asyncio.to_thread(only.get, "/readyz"))[0] == 200
    finally:
        await asyncio.to_thread(broker, *calm)
    await asyncio.to_thread(
        wait_until, lambda: sum(map(len, publisher.ledger.entries.values())) > before + 50
    )
    ledger = await asyncio.to_thread(publisher.stop)
    await listeners.account_for(ledger)
