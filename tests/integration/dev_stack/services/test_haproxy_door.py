"""The front door before two plain HTTP servers that say who they are."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from dev_stack.frontdoor import Weights
from dev_stack.runtime import Runtime
from dev_stack.services.haproxy import FrontDoorPorts, private_haproxy
from migrate_cli.routers.render.options import DOOR_PATH
from wsmigrate.errors import UnavailableError
from wsmigrate.rooms import room_of_path

# The key and the answer of RFC 6455's own example (1.3); HAProxy compares them.
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class SaysWhoItIs(http.server.BaseHTTPRequestHandler):
    name = ""
    draining = False
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        upgrading = self.headers.get("Upgrade") == "websocket"
        refused = self.path == DOOR_PATH and type(self).draining
        self.send_response(503 if refused else 101 if upgrading else 200)
        self.send_header("X-Server", self.name)
        if upgrading:
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", ACCEPT)
            self.end_headers()
            self.wfile.write(self.rfile.read1())  # an echo, once
            self.close_connection = True
            return
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """HAProxy's checks connect and reset: nothing to print a traceback for."""


@contextlib.contextmanager
def server(name: str, port: int) -> Iterator[Server]:
    handler = type("Handler", (SaysWhoItIs,), {"name": name})
    running = Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


class Door:
    """A front door of the test's own, with both servers behind it."""

    def __init__(self, runtime: Runtime, program, servers: contextlib.ExitStack) -> None:
        ports = FrontDoorPorts(*(runtime.ports.free() for _ in range(3)))
        self.channels = servers.enter_context(server("channels", ports.channels))
        servers.enter_context(server("legacy", ports.legacy))
        service = private_haproxy(program, runtime.folder, ports)
        self.supervisor = runtime.supervisor
        self.port = ports.front
        self.control = service.front_door
        self.supervisor.start(service.spec)
        self.supervisor.wait_until_ready("haproxy")

    def answer(self, target: str, *headers: str) -> dict[str, str]:
        """Ask for a request target, as it stands, and return the headers of the answer."""
        with self.connect(target, *headers) as link, link.makefile("rb") as answer:
            status = answer.readline().split()[1].decode()
            lines = iter(lambda: answer.readline().strip().decode(), "")
            named = dict(line.split(": ", 1) for line in lines)
        return {"status": status, **{name.lower(): value for name, value in named.items()}}

    def connect(self, target: str, *headers: str) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        lines = (f"GET {target} HTTP/1.1", "Host: localhost", *headers, "", "")
        link.sendall("\r\n".join(lines).encode())
        return link

    def server_of(self, target: str) -> str:
        return self.answer(target)["x-server"]

    def servers_of_rooms(self, count: int) -> dict[str, str]:
        return {room: self.server_of(f"/{room}") for room in map(str, range(count))}


@pytest.fixture(scope="module")
def door(haproxy_program):
    with Runtime(lambda _: None) as runtime, contextlib.ExitStack() as servers:
        yield Door(runtime, haproxy_program, servers)


@pytest.mark.parametrize(("percent", "server"), [(0, "legacy"), (100, "channels")])
def test_all_rooms_go_to_one_server(door, percent, server):
    door.control.set_share(percent)
    assert set(door.servers_of_rooms(50).values()) == {server}


def test_half_of_the_rooms_go_to_each_server(door):
    assert door.control.set_share(50) == Weights(50, 50)
    servers = list(door.servers_of_rooms(300).values())
    assert 90 <= servers.count("channels") <= 210


def test_a_growing_share_moves_rooms_in_one_direction_only(door):
    door.control.set_share(20)
    before = door.servers_of_rooms(200)
    door.control.set_share(60)
    after = door.servers_of_rooms(200)
    moved = {room for room in before if before[room] != after[room]}
    assert moved
    assert {after[room] for room in moved} == {"channels"}


@pytest.mark.parametrize("room", ["abc", "a b", "a+b", "a?b", "100%", "é€😀", "x;y=1&z"])
def test_all_spellings_of_a_room_go_to_the_same_server(door, room):
    door.control.set_share(50)
    # Fifty rooms with each spelling: one alone would agree by chance every other time.
    for number in range(50):
        name = f"{room}{number}"
        encoded = quote(name, safe="")
        everything = "".join(f"%{byte:02x}" for byte in name.encode())
        spellings = [f"/{encoded}", f"/{encoded}/", f"//{encoded}", f"/{everything}?room=other"]
        spellings.append(f"/%2F{encoded}")
        assert {room_of_path(s.partition("?")[0].encode()) for s in spellings} == {name}
        assert len({door.server_of(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize("target", ["/%", "/%zz", "/%00", "/%0d%0aX-Server:%20nobody", "/"])
def test_a_path_that_is_no_room_is_passed_on_unharmed(door, target):
    assert door.answer(target)["status"] == "200"


def test_a_client_cannot_choose_its_server_by_a_header(door):
    door.control.set_share(50)
    plain = door.servers_of_rooms(30)
    chosen = {room: door.answer(f"/{room}", "X-Wsmigrate-Room: 7")["x-server"] for room in plain}
    assert chosen == plain


@pytest.mark.parametrize(("percent", "server"), [(0, "legacy"), (100, "channels")])
def test_the_handshake_tells_the_page_its_server(door, percent, server):
    door.control.set_share(percent)
    answer = door.answer("/room", *UPGRADE)
    assert answer["status"] == "101"
    assert answer["set-cookie"] == f"wsmigrate_server={server}; Path=/; SameSite=Lax"
    assert "set-cookie" not in door.answer("/room")


def test_an_open_socket_stays_where_it_is_when_the_rooms_move(door):
    door.control.set_share(0)
    with door.connect("/room", *UPGRADE) as link:
        head = link.recv(65536)
        assert b"x-server: legacy" in head.lower()
        door.control.set_share(100)
        assert door.server_of("/room") == "channels"
        link.sendall(b"still there?")
        assert link.recv(65536) == b"still there?"


def test_a_haproxy_that_is_killed_comes_back_with_its_share(door):
    door.control.set_share(30)
    killed = door.supervisor.pids()["haproxy"][0]
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while killed in door.supervisor.pids()["haproxy"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    door.supervisor.wait_until_ready("haproxy")
    assert door.control.weights() == Weights(70, 30)


def test_a_socket_without_haproxy_is_one_sentence(door, tmp_path):
    gone = type(door.control)(tmp_path / "no.sock")
    with pytest.raises(UnavailableError, match="does not answer"):
        gone.set_share(10)


def test_a_new_server_that_says_that_it_is_about_to_end_gets_nobody(door):
    door.control.set_share(50)
    rooms = [str(number) for number in range(30)]
    until_servers_are(door, rooms, {"channels", "legacy"})
    handler = door.channels.RequestHandlerClass
    handler.draining = True
    try:
        until_servers_are(door, rooms, {"legacy"})
    finally:
        handler.draining = False
    until_servers_are(door, rooms, {"channels", "legacy"})


def until_servers_are(door, rooms: list[str], servers: set[str]) -> None:
    deadline = time.monotonic() + 30
    while {door.server_of(f"/{room}") for room in rooms} != servers:
        assert time.monotonic() < deadline
        time.sleep(0.05)
