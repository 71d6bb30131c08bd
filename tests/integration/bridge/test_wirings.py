"""Rooms that an application wires in other ways than by a fanout exchange each."""

from __future__ import annotations

import msgpack
import pika
import pytest
from varied import channel_to, client_of, hears_nothing_more, new_name, received, vary

from project import Project, wait_until
from wsmigrate.topology import inbox_of_room


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


def test_a_queue_for_each_room(project: Project) -> None:
    room = new_name("room")
    vary(project, ROOM_FORM="queue", ROOM_KEY="chat-{room}")
    url, first = project.start_server(log="one")
    other_url, _ = project.start_server(log="two")
    project.start_bridge()
    with (
        channel_to(project.amqp_url) as broker,
        client_of(url, room),
        client_of(other_url, room) as second,
    ):
        for number in range(20):
            broker.basic_publish("", f"chat-{room}", b"%d" % number)
        assert received(second, 20) == [str(number) for number in range(20)]
        first.kill()  # whichever takes from the queue, the other one stands in
        first.wait(20)
        for number in range(20, 40):
            broker.basic_publish("", f"chat-{room}", b"%d" % number)
        assert received(second, 20) == [str(number) for number in range(20, 40)]
        assert hears_nothing_more(second)
        broker.queue_delete(f"chat-{room}")


def test_a_message_for_several_queues_is_moved_once_and_not_sent_around_in_a_circle(
    project: Project,
) -> None:
    """A publisher may name more queues in the header CC, also the room's own."""
    room, other = new_name("room"), new_name("other")
    vary(project, ROOM_FORM="queue")
    url, _ = project.start_server()
    project.start_bridge()
    with channel_to(project.amqp_url) as broker, client_of(url, room) as client:
        broker.queue_declare(other)
        copies = pika.BasicProperties(headers={"CC": [room]})
        broker.basic_publish("", other, b"to both", copies)
        assert received(client, 1) == ["to both"]
        assert hears_nothing_more(client)
        assert broker.queue_declare(other, passive=True).method.message_count == 1
        for name in (room, other):
            broker.queue_delete(name)


def test_what_waits_in_a_rooms_queue_is_not_lost_where_its_inbox_is_gone(project: Project) -> None:
    room = new_name("room")
    vary(project, ROOM_FORM="queue", INBOXES=2)
    url, _ = project.start_server()
    with channel_to(project.amqp_url) as broker, client_of(url, room):
        broker.queue_delete(inbox_of_room(room, 2))
        for number in range(5):
            broker.basic_publish("", room, b"%d" % number)
        log = project.log("channels")
        wait_until(lambda: "is gone: it is declared again" in log(), log)
        project.start_bridge()
        wait_until(lambda: len(relayed_texts(project)) >= 5, log)
        assert relayed_texts(project) == ["0", "1", "2", "3", "4"]
        broker.queue_delete(room)


def relayed_texts(project: Project) -> list[str]:
    """What is in the layer, in order, once each: it was moved at least once."""
    rows = project.execute("SELECT payloads FROM wsmigrate_message ORDER BY id")
    events = [msgpack.unpackb(payload) for row in rows for payload in row[0]]
    return list(dict.fromkeys(event["message"] for event in events if "room" in event))


@pytest.mark.parametrize("form", ["topic", "direct"])
def test_a_fanout_exchange_for_all_rooms_is_refused_and_not_relayed_once_for_each_inbox(
    project: Project, form: str
) -> None:
    exchange = new_name("events")
    vary(project, ROOM_FORM=form, ROOM_EXCHANGE=exchange)
    with channel_to(project.amqp_url) as broker:
        broker.exchange_declare(exchange, "fanout", durable=True)
        url, _ = project.start_server()
        with pytest.raises(Exception, match="503"), client_of(url, "lobby"):
            pass
        assert "takes no notice of routing keys" in project.log("channels")()


def test_a_queue_that_the_old_server_consumes_is_its_own_until_it_leaves(project: Project) -> None:
    room = new_name("room")
    vary(project, ROOM_FORM="queue")
    with channel_to(project.amqp_url) as broker, channel_to(project.amqp_url) as old_server:
        old_server.queue_declare(room, durable=True)
        taken: list[bytes] = []
        tag = old_server.basic_consume(
            room, lambda _c, _m, _p, body: taken.append(body), auto_ack=True
        )
        url, _ = project.start_server()
        project.start_bridge()
        with client_of(url, room) as client:
            broker.basic_publish("", room, b"the old server's")
            while not taken:
                old_server.connection.process_data_events(0.1)
            old_server.basic_cancel(tag)
            broker.basic_publish("", room, b"the new server's")
            assert received(client, 1) == ["the new server's"]
        broker.queue_delete(room)
    assert taken == [b"the old server's"]


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
