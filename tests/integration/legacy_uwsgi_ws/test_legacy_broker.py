"""The broker goes away under open sockets, and comes back."""

from __future__ import annotations

import socket
import threading

import pika
import pytest
from legacy_process import until
from legacy_wire import WireClient


class Relay:
    """A TCP relay in front of the broker that can be cut, as a broker that dies cuts it."""

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self.port = port
        self._target = target
        self._pairs: list[socket.socket] = []
        self.restore()

    def restore(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        with_shutdown(self._listener)
        self._listener.close()
        for end in self._pairs:
            with_shutdown(end)
        self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._pairs += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=copy, args=(source, sink), daemon=True).start()


def copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        return
    finally:
        with_shutdown(sink)


def with_shutdown(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@pytest.fixture
def relay(amqp_url, free_port):
    parameters = pika.URLParameters(amqp_url)
    relay = Relay(free_port(), (parameters.host, parameters.port))
    yield relay
    relay.cut()


@pytest.fixture
def relayed_server(start_server, amqp_url, relay):
    parameters = pika.URLParameters(amqp_url)
    url = amqp_url.replace(f":{parameters.port}", f":{relay.port}")
    return start_server(LEGACY_WS_AMQP_URL=url)


def test_sockets_are_closed_when_the_broker_goes_away(relayed_server, relay, room, join):
    clients = [join(relayed_server, room) for _ in range(5)]
    relay.cut()
    assert all(client.is_closed_within(3) for client in clients)


def test_clients_come_back_when_the_broker_does(relayed_server, relay, room, join):
    join(relayed_server, room)
    relay.cut()
    with WireClient(f"{relayed_server.url}/{room.name}") as refused:
        assert refused.response.status_code == 503
    relay.restore()
    client = join(relayed_server, room)
    room.publish(b"again")
    assert client.receive().data == b"again"


def test_a_socket_whose_exchange_is_deleted_stays_and_its_neighbours_too(
    server, new_room, join, amqp_url
):
    """As the published server: the queue is there, nothing comes any more."""
    deleted, other = new_room(), new_room()
    client, neighbour = join(server, deleted), join(server, other)
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().exchange_delete(deleted.name)
    other.publish(b"hello")
    assert neighbour.receive().data == b"hello"
    assert not client.is_closed_within(0.5)


def test_nothing_stays_at_the_broker_when_the_server_stops(start_server, room, join):
    server = start_server()
    join(server, room)
    server.stop()
    assert until(lambda: not room.has_queue(), 5)
