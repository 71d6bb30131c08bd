"""The new server, as a real process, with a real bridge."""

from __future__ import annotations

import json
import signal
import socket
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from project import Project, wait_until
from relay import Relay

Channel = Any


def join(url: str, path: str, **options: Any) -> ClientConnection:
    return connect(f"{url}/{path}", compression=None, max_size=None, **options)


def test_a_client_gets_the_bodies_to_the_letter_and_in_order(
    project: Project, broker: Channel, room: str
) -> None:
    url, _ = project.start_server()
    project.start_bridge()
    bodies = ["", "x", "\0\u2028é😀", json.dumps({"b": 1, "a": [1.0]}), "é" * 100_000, "x", "x"]
    with join(url, room) as client, join(url, f"//{room}/") as neighbour:
        broker.basic_publish(room, "", b"\xff, which no text frame can hold")
        for body in bodies:
            broker.basic_publish(room, "", body.encode())
        assert [client.recv(timeout=20) for _ in bodies] == bodies
        assert [neighbour.recv(timeout=20) for _ in bodies] == bodies
    assert "not UTF-8" in project.log("bridge")()


def test_what_is_published_while_no_bridge_runs_arrives_when_one_is_started(
    project: Project, broker: Channel, room: str
) -> None:
    url, _ = project.start_server()
    with join(url, room) as client:
        broker.basic_publish(room, "", b"early")
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.3)
        project.start_bridge()
        assert client.recv(timeout=20) == "early"


def test_a_bridge_that_is_killed_and_started_again_loses_and_doubles_nothing(
    project: Project, broker: Channel, room: str
) -> None:
    url, _ = project.start_server()
    expected = [f"{number % 7}" for number in range(300)]
    with join(url, room) as client:
        got: list[str | bytes] = []
        for start in range(0, 300, 100):
            bridge = project.start_bridge()
            for text in expected[start : start + 100]:
                broker.basic_publish(room, "", text.encode())
            got += [client.recv(timeout=20) for _ in range(40)]
            bridge.kill()
        project.start_bridge()
        got += [client.recv(timeout=20) for _ in range(300 - len(got))]
        assert got == expected
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.5)


def test_inbound_data_is_thrown_away_and_nothing_is_compressed(
    project: Project, broker: Channel, room: str
) -> None:
    url, _ = project.start_server("channels_ws.asgi:application")
    project.start_bridge()
    with connect(f"{url}/{room}") as client, join(url, room) as neighbour:
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers
        client.send("text")
        client.send(b"binary")
        assert client.ping().wait(timeout=10)
        broker.basic_publish(room, "", b"only this")
        assert client.recv(timeout=20) == "only this"
        assert neighbour.recv(timeout=20) == "only this"


def test_a_room_that_cannot_be_is_refused_with_403(project: Project) -> None:
    url, _ = project.start_server()
    for path in ("", "//", "amq.fanout", "x" * 256, "%FF", "a%0Ab"):
        with pytest.raises(InvalidStatus) as refused:
            join(url, path)
        assert refused.value.response.status_code == 403, path


def test_while_the_broker_is_away_handshakes_are_refused_with_503(
    project: Project, free_port: Any, room: str
) -> None:
    project.amqp_url = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    url, _ = project.start_server()
    with pytest.raises(InvalidStatus) as refused:
        join(url, room, open_timeout=20)
    assert refused.value.response.status_code == 503


def test_sigterm_closes_the_clients_with_1012(project: Project, room: str) -> None:
    url, server = project.start_server()
    with join(url, room) as client:
        server.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    wait_until(lambda: server.poll() is not None, project.log("channels"))


def test_without_its_tables_the_server_says_so_in_one_sentence_and_ends(
    project: Project, new_database: Any
) -> None:
    project.postgres_dsn = new_database()
    server = project.start(
        *("-m", "uvicorn", "chatire.asgi:application", "--lifespan", "on"),
        *("--port", str(project.free_port())),
        log="bare",
    )
    assert server.wait(60) != 0
    said = project.log("bare")()
    assert "python manage.py migrate --database channels_postgres" in said
    assert "Traceback" not in said


def test_a_layer_connection_that_is_cut_is_not_noticed_by_clients(
    project: Project, broker: Channel, room: str
) -> None:
    url, _ = project.start_server()
    project.start_bridge()
    with join(url, room) as client:
        for number in range(3):
            cut_layer_connections(project.postgres_dsn)
            broker.basic_publish(room, "", f"hello {number}".encode())
            assert client.recv(timeout=20) == f"hello {number}"
        broker.basic_publish(room, "", b"the end")
        assert client.recv(timeout=20) == "the end"


def test_a_client_that_reads_nothing_does_not_hold_up_the_end(
    project: Project, broker: Channel, room: str
) -> None:
    url, server = project.start_server()
    project.start_bridge()
    with join(url, room) as neighbour, socket.create_connection(address_of(url)) as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.sendall(handshake(room))
        assert b"101" in stuck.recv(64)
        big = b"x" * 4_000_000
        for _ in range(20):
            broker.basic_publish(room, "", big)
            assert len(neighbour.recv(timeout=20)) == len(big)
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: server.poll() is not None, project.log("channels"), limit_s=15)


def test_a_broker_connection_that_is_cut_leaves_open_sockets_alone(
    project: Project, broker: Channel, room: str, relay: Relay, relayed_url: str
) -> None:
    direct, project.amqp_url = project.amqp_url, relayed_url
    url, _ = project.start_server()
    project.amqp_url = direct
    project.start_bridge()
    with join(url, room) as client:
        relay.cut()
        broker.basic_publish(room, "", b"meanwhile")
        assert client.recv(timeout=20) == "meanwhile"
        relay.restore()
        wait_until(lambda: can_join(url, f"{room}-new"))
        broker.basic_publish(room, "", b"afterwards")
        assert client.recv(timeout=20) == "afterwards"


def can_join(url: str, room: str) -> bool:
    try:
        with join(url, room):
            return True
    except InvalidStatus:
        return False


def cut_layer_connections(dsn: str) -> None:
    """End the connections by which the layer sends and receives, as a restart does."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'wsmigrate layer%'"
        ).fetchall()
        assert ended


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def handshake(room: str) -> bytes:
    return (
        f"GET /{room} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
