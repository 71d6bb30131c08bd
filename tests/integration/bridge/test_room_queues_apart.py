"""Rooms that are a queue each share one connection of their server; none disturbs the others."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from varied import channel_to, client_of, hears_nothing_more, new_name, received, vary
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from broker_control import BrokerControl
from private_services import Services
from project import Project, wait_until

CALM = 5
EACH = 20


class Calm:
    """Rooms to which nothing is done: what is published to them, and what their clients hear."""

    def __init__(self, broker: Any, clients: dict[str, ClientConnection]) -> None:
        self.rooms = list(clients)
        self._broker = broker
        self._clients = clients
        self._numbers = itertools.count()

    def hear_everything(self) -> None:
        ledger: dict[str, list[str]] = {room: [] for room in self.rooms}
        for _ in range(EACH):
            for room, published in ledger.items():
                published.append(str(next(self._numbers)))
                self._broker.basic_publish("", room, published[-1].encode(), mandatory=True)
        heard = {room: received(client, EACH) for room, client in self._clients.items()}
        assert heard == ledger

    def hear_nothing_more(self) -> bool:
        return all(map(hears_nothing_more, self._clients.values()))


@pytest.fixture
def broker(project: Project) -> Iterator[Any]:
    with channel_to(project.amqp_url) as channel:
        yield channel


@pytest.fixture
def server_url(project: Project) -> str:
    vary(project, ROOM_FORM="queue", INBOXES=2, BIND_TIMEOUT_S=10)
    url, _ = project.start_server()
    project.start_bridge()
    return url


@pytest.fixture
def calm(services: Services, project: Project, broker: Any, server_url: str) -> Iterator[Calm]:
    """They hear everything before and after the test, by the same channels as before."""
    rooms = [new_name("calm") for _ in range(CALM)]
    with ExitStack() as stack:
        calm = Calm(
            broker, {room: stack.enter_context(client_of(server_url, room)) for room in rooms}
        )
        calm.hear_everything()
        before = consumers(services, rooms)
        assert sorted(before) == sorted(rooms)
        yield calm
        calm.hear_everything()
        assert calm.hear_nothing_more()
        assert consumers(services, rooms) == before
        assert "connection to RabbitMQ is lost" not in project.log("channels")()
    for room in rooms:
        broker.queue_delete(room)


def consumers(services: Services, rooms: list[str]) -> dict[str, str]:
    """The channel by which each room's queue is read: another one after a reconnect.

    Not the connections of the broker: others come and go, of a sweep or of a test before."""
    listed = BrokerControl(services)("list_consumers", "queue_name", "channel_pid")
    pairs = (line.split() for line in listed.splitlines()[1:])
    return {queue: channel for queue, channel in pairs if queue in rooms}


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"durable": True, "arguments": {"x-max-length": 1000}}, id="bounded"),
        pytest.param({"durable": True, "arguments": {"x-queue-type": "quorum"}}, id="quorum"),
        pytest.param({"auto_delete": True}, id="auto-delete"),
    ],
)
def test_a_queue_with_other_properties_is_used_as_it_is(
    calm: Calm, broker: Any, server_url: str, properties: dict[str, Any]
) -> None:
    odd = new_name("odd")
    broker.queue_declare(odd, **properties)
    with client_of(server_url, odd) as client:
        broker.basic_publish("", odd, b"hello")
        assert received(client, 1) == ["hello"]
        calm.hear_everything()
    broker.queue_delete(odd)


def test_a_queue_that_is_another_connections_alone_is_refused_for_its_room_only(
    calm: Calm, broker: Any, server_url: str
) -> None:
    locked = new_name("locked")
    broker.queue_declare(locked, exclusive=True)
    with pytest.raises(InvalidStatus, match="503"), client_of(server_url, locked):
        pass
    calm.hear_everything()


def test_a_stream_in_the_place_of_a_queue_is_refused_and_breaks_nothing_else(
    calm: Calm, broker: Any, server_url: str
) -> None:
    """It would begin with what comes next, and give each message to several servers."""
    stream = new_name("stream")
    broker.queue_declare(stream, durable=True, arguments={"x-queue-type": "stream"})
    with client_of(server_url, stream) as client:

        def is_told() -> bool:
            broker.basic_publish("", stream, b"hello")
            with pytest.raises((TimeoutError, ConnectionClosed)) as ended:
                client.recv(timeout=0.2)
            return "1012" in str(ended.value)

        wait_until(is_told)
    with pytest.raises(InvalidStatus, match="503"), client_of(server_url, stream):
        pass
    calm.hear_everything()
    broker.queue_delete(stream)


def test_a_queue_that_is_deleted_is_declared_again_and_its_clients_are_told(
    calm: Calm, broker: Any, server_url: str
) -> None:
    """The broker ends the delivery, and the room's channel is closed: nothing tells what was in the
    queue, or was published while it was not there."""
    room = new_name("deleted")
    with client_of(server_url, room) as client:
        broker.basic_publish("", room, b"before")
        assert received(client, 1) == ["before"]
        broker.queue_delete(room)
        calm.hear_everything()
        with pytest.raises(ConnectionClosed, match="1012"):
            client.recv(timeout=30)
    with client_of(server_url, room) as client:
        broker.basic_publish("", room, b"after", mandatory=True)
        assert received(client, 1) == ["after"]
    broker.queue_delete(room)


def test_a_queue_that_another_consumer_takes_over_from_is_asked_for_on_a_channel_of_its_own(
    calm: Calm, broker: Any, project: Project, server_url: str
) -> None:
    """Each try is refused (403), which closes the channel."""
    room = new_name("taken")
    with channel_to(project.amqp_url) as old_server:
        old_server.queue_declare(room)
        taken: list[bytes] = []
        tag = old_server.basic_consume(
            room, lambda _c, _m, _p, body: taken.append(body), auto_ack=True
        )
        with client_of(server_url, room) as client:
            for number in range(3):  # a try each second
                broker.basic_publish("", room, b"%d" % number)
                wait_until(lambda: old_server.connection.process_data_events(0.1) or taken != [])
                taken.clear()
                calm.hear_everything()
            old_server.basic_cancel(tag)
            broker.basic_publish("", room, b"ours")
            assert received(client, 1) == ["ours"]
    broker.queue_delete(room)
