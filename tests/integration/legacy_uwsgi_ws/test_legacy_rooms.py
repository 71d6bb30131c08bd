"""Which rooms and requests the old server takes, and what the others are told."""

from __future__ import annotations

from urllib.parse import quote

import pika
import pytest

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("spelling", ["{}", "{}/", "/{}//", "{}?room=other", "%72{}"])
def test_spellings_of_one_room_are_one_room(server, new_room, join, spelling):
    room = new_room()  # its name begins with an r
    written = spelling.format(room.name[1:] if spelling.startswith("%") else room.name)
    client = join(server, written)
    room.publish(b"hello")
    assert client.receive().data == b"hello"


def test_a_room_is_decoded_once_only(server, amqp_url, join):
    client = join(server, "a%252Fb")
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().basic_publish("a%2Fb", "", b"hello")
    assert client.receive().data == b"hello"


@pytest.mark.parametrize("name", ["räume-世界-🎉", "é" * 127, "r" * 255, "with space and +"])
def test_a_room_may_have_any_name_that_an_exchange_can(server, amqp_url, join, name):
    client = join(server, quote(name))
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().basic_publish(name, "", b"hello")
    assert client.receive().data == b"hello"


@pytest.mark.parametrize(
    "path", ["/", "///", "/amq.fanout", "/" + "r" * 256, "/%ff", "/a%0ab", "/a%00b"]
)
def test_a_room_that_cannot_be_is_refused_in_one_sentence(server, path):
    status, headers, body = server.get(path, HANDSHAKE)
    assert status == 403
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "cannot be" in body
    assert "Traceback" not in body


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Upgrade": "h2c"}, 426),
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Connection": "close"}, 400),
        ({"Sec-WebSocket-Key": "short"}, 400),
    ],
)
def test_what_is_no_handshake_gets_a_plain_answer(server, changed, status):
    assert server.get("/room", {**HANDSHAKE, **changed})[0] == status


def test_a_browser_page_request_is_told_what_is_served_here(server):
    status, headers, body = server.get("/room")
    assert (status, headers["Upgrade"]) == (426, "websocket")
    assert "WebSockets only" in body


def test_an_exchange_with_other_arguments_is_used_as_it_is(server, amqp_url, join):
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.exchange_declare("durable-room", "fanout", durable=True)
        try:
            client = join(server, "durable-room")
            channel.basic_publish("durable-room", "", b"hello")
            assert client.receive().data == b"hello"
            assert channel.is_open
        finally:
            channel.exchange_delete("durable-room")


def test_the_exchange_is_declared_as_legacy_publishers_declare_it(server, amqp_url, room, join):
    name = f"new-{room.name}"
    join(server, name)
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.exchange_declare(exchange=name, exchange_type="fanout")  # 406 if it differs
        channel.exchange_delete(name)


def test_without_a_broker_the_answer_is_503_and_the_password_stays_secret(start_server, free_port):
    url = f"amqp://user:s3cret@127.0.0.1:{free_port()}/"
    server = start_server(LEGACY_WS_AMQP_URL=url)
    status, _, body = server.get("/room", HANDSHAKE)
    log = server.log.read_text()
    assert status == 503
    assert "broker" in body
    assert "gave no queue" in log
    assert "s3cret" not in body + log
    assert "Traceback" not in body + log
