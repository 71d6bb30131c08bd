"""What a client of the old server gets to see."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode


def test_a_message_published_right_after_the_handshake_arrives(server, room, join):
    for number in range(20):
        client = join(server, room)
        room.publish(b"%d" % number)
        assert client.receive().data == b"%d" % number
        client.socket.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        "grüße, 世界, 🎉".encode(),
        b"\xff\xfe\x00 is not UTF-8",
        b"x" * 125,
        b"x" * 126,
        b"x" * 65535,
        b"x" * 65536,
        bytes(range(256)) * 800,
    ],
    ids=lambda body: f"{len(body)}-bytes",
)
def test_a_message_is_one_text_frame_with_its_very_bytes(server, room, join, body):
    client = join(server, room)
    room.publish(body, b"and another one")
    assert client.receive() == Frame(Opcode.TEXT, body, fin=True, rsv1=False)
    assert client.receive() == Frame(Opcode.TEXT, b"and another one")


def test_messages_keep_their_order(server, room, join):
    clients = [join(server, room) for _ in range(3)]
    bodies = [b"%d" % number for number in range(500)]
    room.publish(*bodies)
    for client in clients:
        assert client.bodies(len(bodies)) == bodies


def test_equal_messages_all_arrive(server, room, join):
    client = join(server, room)
    room.publish(*[b"same"] * 100, b"last")
    assert client.bodies(101) == [b"same"] * 100 + [b"last"]


def test_rooms_do_not_hear_one_another(server, new_room, join):
    one, other = new_room(), new_room()
    in_one, in_other = join(server, one), join(server, other)
    one.publish(b"one")
    other.publish(b"other")
    assert in_one.receive().data == b"one"
    assert in_other.receive().data == b"other"


def test_nothing_is_compressed_even_when_it_is_offered(server, room, join):
    client = join(server, room, offer_deflate=True)
    assert "Sec-WebSocket-Extensions" not in client.response.headers
    room.publish(b"a" * 1000)
    assert client.receive() == Frame(Opcode.TEXT, b"a" * 1000)


def test_the_origin_of_the_request_is_named_in_the_answer(server, room, join):
    client = join(server, room, headers={"Origin": "https://chat.example"})
    assert client.response.headers["Sec-WebSocket-Origin"] == "https://chat.example"


def test_any_origin_is_named_when_the_request_has_none(server, room, join):
    assert join(server, room).response.headers["Sec-WebSocket-Origin"] == "*"


def test_what_a_client_sends_reaches_nobody_and_hurts_nothing(server, room, join):
    talker, listener = join(server, room), join(server, room)
    for number in range(300):
        talker.send_text(b"%d" % number)
    talker.send_text(b"")
    talker.send_text(b"y" * 500_000)
    room.publish(b"from the site")
    assert talker.receive().data == b"from the site"
    assert listener.receive().data == b"from the site"
    assert not listener.frames


def test_a_ping_is_answered(server, room, join):
    client = join(server, room)
    client.send_ping(b"")
    assert client.pong() == b""


def test_big_headers_are_taken(server, room, join):
    client = join(server, room, headers={"Cookie": "c=" + "x" * 12_000})
    room.publish(b"hello")
    assert client.receive().data == b"hello"


def test_a_hundred_clients_that_connect_at_once_all_hear_the_next_message(server, room, join):
    clients = [join(server, room) for _ in range(100)]
    room.publish(b"all")
    assert [client.receive().data for client in clients] == [b"all"] * 100
