"""Rooms that an application wires in other ways than by a fanout exchange each."""

from __future__ import annotations

import pytest
from varied import channel_to, client_of, hears_nothing_more, new_name, received, vary

from project import Project


@pytest.mark.parametrize("form", ["topic", "direct"])
@pytest.mark.parametrize("durable", [True, False], ids=["existing-and-durable", "made-by-us"])
def test_one_exchange_with_a_routing_key_per_room(
    project: Project, form: str, durable: bool
) -> None:
    exchange = new_name("events")
    vary(project, ROOM_FORM=form, ROOM_EXCHANGE=exchange, ROOM_KEY="chat.{room}.new")
    with channel_to(project.amqp_url) as broker:
        if durable:  # the application's own, with other properties than ours would have
            broker.exchange_declare(exchange, form, durable=True, arguments={"x-own": 1})
        url, _ = project.start_server(log="one")
        other_url, other = project.start_server(log="two")
        project.start_bridge()
        with (
            client_of(url, "lobby.one") as client,
            client_of(url, "kitchen") as neighbour,
            client_of(other_url, "lobby.one") as second,
        ):
            broker.basic_publish(exchange, "chat.lobby.one.new", b"to the lobby")
            broker.basic_publish(exchange, "chat.kitchen.new", b"to the kitchen")
            broker.basic_publish(exchange, "chat.elsewhere.new", b"to nobody")
            assert received(client, 1) == ["to the lobby"]
            assert received(second, 1) == ["to the lobby"]
            assert received(neighbour, 1) == ["to the kitchen"]
            # One process goes, and does not take the room from the other.
            other.terminate()
            other.wait(20)
            broker.basic_publish(exchange, "chat.lobby.one.new", b"again")
            assert received(client, 1) == ["again"]
            assert hears_nothing_more(client)
            assert hears_nothing_more(neighbour)


def test_a_room_whose_key_would_be_a_wildcard_is_refused(project: Project) -> None:
    vary(project, ROOM_FORM="topic", ROOM_EXCHANGE=new_name("events"))
    url, _ = project.start_server()
    with pytest.raises(Exception, match="503"), client_of(url, "%23"):
        pass


@pytest.mark.parametrize(
    ("kind", "key"), [("topic", "any.key"), ("direct", ""), ("direct", "room"), ("headers", "")]
)
def test_an_exchange_of_a_room_that_is_of_another_type_is_used_as_it_is(
    project: Project, kind: str, key: str
) -> None:
    room = new_name("room")
    with channel_to(project.amqp_url) as broker:
        broker.exchange_declare(room, kind, durable=True)
        url, _ = project.start_server()
        project.start_bridge()
        with client_of(url, room) as client:
            broker.basic_publish(room, room if key == "room" else key, b"hello")
            assert received(client, 1) == ["hello"]
            assert hears_nothing_more(client)


def test_inboxes_may_be_queues_for_brokers_without_streams(project: Project) -> None:
    vary(project, INBOX_KIND="queue", INBOXES=2)
    room = new_name("room")
    url, _ = project.start_server()
    with channel_to(project.amqp_url) as broker, client_of(url, room) as client:
        for number in range(50):
            broker.basic_publish(room, "", b"before %d" % number)
        bridge = project.start_bridge()
        assert received(client, 50) == [f"before {number}" for number in range(50)]
        bridge.kill()
        bridge.wait(20)
        broker.basic_publish(room, "", b"\xff")
        broker.basic_publish(room, "", b"after")
        project.start_bridge()
        assert "after" in received(client, 1)
        broker.queue_delete("wsmigrate.queue.0")
        broker.queue_delete("wsmigrate.queue.1")


def test_a_vhost_of_ones_own_and_the_second_of_two_hosts(project: Project) -> None:
    dead = f"amqp://guest:guest@127.0.0.1:{project.free_port()}/%2F"
    vary(project, AMQP_URL=[dead, project.amqp_url])
    room = new_name("room")
    url, _ = project.start_server()
    project.start_bridge()
    with channel_to(project.amqp_url) as broker, client_of(url, room) as client:
        broker.basic_publish(room, "", b"hello")
        assert received(client, 1) == ["hello"]
