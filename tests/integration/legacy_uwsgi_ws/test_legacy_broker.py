"""The broker goes away under open sockets, and comes back."""

from __future__ import annotations

import pika
import pytest
from legacy_process import until
from legacy_wire import WireClient


@pytest.fixture
def relayed_server(start_server, relayed_url):
    return start_server(LEGACY_WS_AMQP_URL=relayed_url)


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
