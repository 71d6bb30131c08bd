"""Many clients at once, many one after another, and one that is stuck: nobody loses a message."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import psutil
import psycopg
import pytest

from project import SITE, Project, wait_until

Channel = Any
MIB = 1 << 20
CROWD = Path(__file__).with_name("crowd.py")


class Crowd:
    """The clients, and what they tell."""

    def __init__(self, url: str, rooms: str, *, waves: int = 1, sockets: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(CROWD), url, rooms, str(waves), str(sockets)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def next(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the crowd has ended"
        told: dict[str, Any] = json.loads(line)
        return told

    def once_all_have(self, number: int) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        return self.next()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=20)


@contextlib.contextmanager
def crowd(url: str, rooms: str, **options: int) -> Iterator[Crowd]:
    clients = Crowd(url, rooms, **options)
    try:
        yield clients
    finally:
        clients.end()


class Publisher:
    """Publishes numbers to all rooms in turn, over a connection of its own, until stopped."""

    def __init__(self, amqp_url: str, rooms: list[str], every_s: float) -> None:
        self._amqp_url = amqp_url
        self._rooms = rooms
        self._every_s = every_s
        self._stopped = threading.Event()
        self._running = threading.Thread(target=self._run)
        self.last = -1
        """The number that every room has had."""

    def __enter__(self) -> Publisher:
        self._running.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stopped.set()
        self._running.join(60)

    def _run(self) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(self._amqp_url))
        channel = connection.channel()
        for room in self._rooms:
            channel.exchange_declare(room, exchange_type="fanout")
        channel.confirm_delivery()
        number = 0
        while not self._stopped.is_set():
            for room in self._rooms:
                channel.basic_publish(room, "", f"message:{number}".encode())
                time.sleep(self._every_s)
            self.last = number
            number += 1
        connection.close()


class ConnectionsWatch:
    """The highest number of connections to PostgreSQL that was seen."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._stopped = threading.Event()
        self._running = threading.Thread(target=self._run)
        self.most = 0

    def __enter__(self) -> ConnectionsWatch:
        self._running.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._running.join(60)

    def _run(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._stopped.wait(0.1):
                self.most = max(self.most, count(connection, "pg_stat_activity"))


def count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]  # noqa: S608
    assert row
    return int(row[0])


def test_5000_clients_that_connect_at_once_to_500_rooms_get_in_and_miss_nothing(
    project: Project, room: str
) -> None:
    served = project.serve()
    project.start_bridge()
    rooms = [f"{room}-{number}" for number in range(500)]
    with (
        ConnectionsWatch(project.postgres_dsn) as watch,
        Publisher(project.amqp_url, rooms, every_s=0.002) as publisher,
        crowd(served.url, f"{room}-:500", sockets=5000) as clients,
    ):
        told = clients.next()
        assert told["failures"] == {}
        assert told["connected"] == 5000
        assert told["seconds"] < 30
        target = publisher.last + 3
        wait_until(lambda: publisher.last >= target)
        publisher.stop()
        outcome = clients.once_all_have(publisher.last)
        assert outcome["faults"] == {}
        assert outcome["last"] == publisher.last
    assert served.figure("wsmigrate_sockets") <= 5000
    assert 0 < watch.most < 60, "PostgreSQL takes 100"


@pytest.mark.long
@pytest.mark.parametrize(("waves", "sockets"), [(100, 500)])
def test_50000_clients_that_come_and_go_leave_nothing_behind(
    project: Project, room: str, waves: int, sockets: int
) -> None:
    served = project.serve()
    project.start_bridge()
    rooms = [f"{room}-{number}" for number in range(20)]
    server = psutil.Process(served.process.pid)
    with (
        psycopg.connect(project.postgres_dsn, autocommit=True) as database,
        Publisher(project.amqp_url, rooms, every_s=0.01) as publisher,
        crowd(served.url, f"{room}-:20", waves=waves, sockets=sockets) as clients,
    ):
        for wave in range(1, waves + 1):
            told = clients.next()
            assert (told["connected"], told["failures"]) == (sockets, {})
            if wave < waves:
                left = clients.next()
                assert left["faults"] == {}, f"in wave {wave}"
            if wave * sockets == 5000:
                before = figures(server, database)
        target = publisher.last + 3
        wait_until(lambda: publisher.last >= target)
        publisher.stop()
        assert clients.once_all_have(publisher.last)["faults"] == {}
        after = figures(server, database)
    print(f"at 5,000: {before}, at 50,000: {after}")
    assert after["rss"] - before["rss"] < 10 * MIB
    assert after["locks"] <= before["locks"] + 10
    assert after["connections"] <= before["connections"] + 2
    assert after["files"] <= before["files"] + sockets
    wait_until(lambda: served.figure("wsmigrate_sockets") == 0)


def figures(server: psutil.Process, database: psycopg.Connection[Any]) -> dict[str, int]:
    return {
        "rss": server.memory_info().rss,
        "files": server.num_fds(),
        "locks": count(database, "pg_locks"),
        "connections": count(database, "pg_stat_activity"),
    }


def test_a_stuck_client_in_a_room_of_200_holds_nobody_up_and_is_closed_with_1013(
    project: Project, broker: Channel, room: str
) -> None:
    project.variables = {
        "DJANGO_SETTINGS_MODULE": "crowds_settings",
        "PYTHONPATH": os.pathsep.join([str(SITE), str(Path(__file__).parent)]),
        "TEST_WSMIGRATE": json.dumps({"OUTBOX_FRAMES": 500}),
    }
    served = project.serve()
    project.start_bridge()
    closed = 'wsmigrate_sockets_closed_total{reason="try-again-later"}'
    room = f"{room}-0"
    with (
        crowd(served.url, f"{room[:-1]}:1", sockets=199) as clients,
        stuck_client(served.port, room) as stuck,
    ):
        assert clients.next()["connected"] == 199
        broker.basic_publish(room, "", b"hello:0")
        number = 0
        while not served.figure(closed):
            assert number < 20_000, "the stuck client is still there"
            for _ in range(200):
                number += 1
                broker.basic_publish(room, "", b"x" * 4000 + f":{number}".encode())
        outcome = clients.once_all_have(number)
        assert outcome["faults"] == {}
        assert outcome["frames"] == 199 * (number + 1)
        assert served.figure(closed) == 1
        wait_until(lambda: served.figure("wsmigrate_sockets") == 199)
        assert ends(stuck), "the connection of the stuck client was not cut"


@contextlib.contextmanager
def stuck_client(port: int, room: str) -> Iterator[socket.socket]:
    """One that reads its handshake and nothing more."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        client.connect(("127.0.0.1", port))
        handshake = (
            f"GET /{room} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        client.sendall(handshake.encode())
        assert b"101" in client.recv(64)
        yield client


def ends(client: socket.socket) -> bool:
    """Whether there is an end to what can be read."""
    with contextlib.suppress(ConnectionError):
        while client.recv(1 << 16):
            pass
    return True
