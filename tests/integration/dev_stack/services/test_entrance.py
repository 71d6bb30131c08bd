"""The load balancer before everything."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev_stack.runtime import Runtime
from dev_stack.services.entrance import DOOR, LEGACY, Entrance, private_entrance
from dev_stack.site import SitePorts


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(lambda _: None) as found:
        yield found


class Server:
    """Says its name to whoever connects."""

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.sendall(f"{self._name}\n".encode())
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        while data := connection.recv(100):
            connection.sendall(data)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def entrance(runtime: Runtime, haproxy_program: Path) -> Iterator[Entrance]:
    free = runtime.ports.free
    ports = SitePorts(free(), free(), free(), free(), free(), free())
    servers = [Server(LEGACY, ports.legacy), Server(DOOR, ports.front)]
    spec, found = private_entrance(haproxy_program, runtime.folder, ports)
    runtime.supervisor.start(spec)
    runtime.supervisor.wait_until_ready(spec.name)
    yield found
    for server in servers:
        server.close()


def entered(entrance: Entrance) -> tuple[socket.socket, str]:
    link = socket.create_connection(("127.0.0.1", entrance.ports.entrance), timeout=20)
    return link, link.recv(100).decode().strip()


def test_it_leads_to_the_old_server_until_it_is_pointed_at_the_door_and_open_ones_stay(
    entrance: Entrance,
) -> None:
    early, where = entered(entrance)
    assert where == LEGACY
    entrance.point_to(DOOR)
    assert {entered(entrance)[1] for _ in range(5)} == {DOOR}
    early.sendall(b"still here")
    assert early.recv(100) == b"still here"
    entrance.point_to(LEGACY)
    assert {entered(entrance)[1] for _ in range(5)} == {LEGACY}


def test_where_it_leads_outlives_its_end(runtime: Runtime, entrance: Entrance) -> None:
    entrance.point_to(DOOR)
    (before, *_) = runtime.supervisor.pids()["entrance"]
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while runtime.supervisor.pids().get("entrance", [before])[0] == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    runtime.supervisor.wait_until_ready("entrance")
    assert entered(entrance)[1] == DOOR
