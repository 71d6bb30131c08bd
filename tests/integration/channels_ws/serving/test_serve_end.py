"""The end of ``wsmigrate serve``: paced, in time, and for a second signal at once."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import http.client
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as connect_sync

from project import SITE, Project, Served, wait_until
from relay import Relay

Channel = Any


@dataclass
class Client:
    """What became of one client."""

    got: list[str] = field(default_factory=list)
    closed_at: float = 0.0
    code: int = 0


async def listen(url: str, client: Client, connected: asyncio.Semaphore) -> None:
    async with connect(url, compression=None, open_timeout=60) as link:
        connected.release()
        try:
            while True:
                client.got.append(str(await link.recv()))
        except ConnectionClosed as closed:
            client.closed_at = time.monotonic()
            client.code = closed.rcvd.code if closed.rcvd else 1006


@contextlib.contextmanager
def publishing(broker: Channel, room: str) -> Iterator[list[str]]:
    """Publishes a number every few milliseconds; yields what was published."""
    published: list[str] = []
    stop = threading.Event()

    def publish() -> None:
        while not stop.wait(0.01):
            text = str(len(published))
            broker.basic_publish(room, "", text.encode())
            published.append(text)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield published
    finally:
        stop.set()
        thread.join(20)


async def test_sockets_are_closed_at_the_set_pace_and_hear_their_room_until_then(
    project: Project, broker: Channel, room: str
) -> None:
    served = project.serve("--drain-delay", "0.5", "--close-per-second", "50")
    project.start_bridge()
    clients = [Client() for _ in range(100)]
    connected = asyncio.Semaphore(0)
    listening = [
        asyncio.create_task(listen(f"{served.url}/{room}", client, connected)) for client in clients
    ]
    for _ in clients:
        await asyncio.wait_for(connected.acquire(), 60)

    with publishing(broker, room) as published:
        async with asyncio.timeout(30):
            while not all(client.got for client in clients):
                await asyncio.sleep(0.01)
        signalled = time.monotonic()
        published_before = len(published)
        served.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*listening), 60)
    assert await asyncio.to_thread(served.process.wait, 30) == 0, served.log()

    assert {client.code for client in clients} == {1012}
    closed_after = sorted(client.closed_at - signalled for client in clients)
    for number, after in enumerate(closed_after, start=1):
        assert after >= 0.5 + number / 50 - 0.1, (number, after)  # 0.1: clocks and wake-ups
    assert closed_after[-1] < 0.5 + 100 / 50 + 5  # about 2.5 s on an idle machine
    for client in clients:
        assert client.got == published[int(client.got[0]) :][: len(client.got)]
    last = max(clients, key=lambda client: client.closed_at)
    assert int(last.got[-1]) > published_before + 50  # a second's worth and more


async def test_from_the_signal_on_nobody_new_is_taken_and_all_who_ask_are_told(
    project: Project, room: str
) -> None:
    served = project.serve("--drain-delay", "4")
    assert served.status("/wsmigrate/door", admin=False) == 200
    wait_until(lambda: served.not_ready_for() == [])
    async with connect(f"{served.url}/{room}", open_timeout=30) as client:
        served.process.send_signal(signal.SIGTERM)
        wait_until(lambda: served.status("/wsmigrate/door", admin=False) == 503, limit_s=2)
        assert served.not_ready_for() == ["draining"]
        assert served.status("/livez") == 200
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{served.url}/{room}", open_timeout=30)
        assert refused.value.response.status_code == 503
        assert served.figure('wsmigrate_handshakes_refused_total{reason="draining"}') == 1
        assert served.status("/", admin=False) == 200  # the site's page
        assert await client.ping()  # still open
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    assert await asyncio.to_thread(served.process.wait, 30) == 0, served.log()


def stuck_client(served: Served, room: str) -> socket.socket:
    """A client that reads nothing but the answer to its handshake."""
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.settimeout(30)
    stuck.connect(("127.0.0.1", served.port))
    stuck.sendall(
        f"GET /{room} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in stuck.recv(64)
    return stuck


def fill(served: Served, broker: Channel, room: str) -> None:
    """Publish more than a client that reads nothing takes, and see that a neighbour has it."""
    with connect_sync(f"{served.url}/{room}", compression=None, max_size=None) as neighbour:
        for _ in range(20):
            broker.basic_publish(room, "", b"x" * 2_000_000)
            assert len(neighbour.recv(timeout=30)) == 2_000_000


@pytest.mark.parametrize("within_s", [6, 15])
def test_a_client_that_reads_nothing_cannot_hold_up_the_end(
    project: Project, broker: Channel, room: str, within_s: int
) -> None:
    served = project.serve("--close-within", str(within_s), "--drain-delay", "0")
    project.start_bridge()
    with stuck_client(served, room):
        fill(served, broker, room)
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(60) == 0, served.log()
        assert time.monotonic() - began < within_s + 1
    assert "not ended in order" not in served.log()


def test_a_log_that_nobody_reads_cannot_hold_up_the_end(project: Project, slow: str) -> None:
    """The request fills the pipe, so the event loop is stuck where it logs."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "migrate_cli", "serve", slow, "--port", "0"),
            *("--drain-delay", "0", "--close-within", "4"),
        ],
        env=project.environment,
        cwd=SITE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        lines = (line.decode() for line in process.stderr)
        port = int(next(line for line in lines if "Serving" in line).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /log HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: pipe_is_full(process.stderr), limit_s=20)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(10)


def pipe_is_full(pipe: IO[bytes]) -> bool:
    waiting = fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0" * 4)
    return int.from_bytes(waiting, sys.byteorder) >= 60_000


def test_services_that_are_away_cannot_hold_up_the_end(
    project: Project, room: str, relay: Relay, relayed_url: str, way_to_postgres: Relay
) -> None:
    project.amqp_url = relayed_url
    served = project.serve("--close-within", "8", "--drain-delay", "0")
    with connect_sync(f"{served.url}/{room}", open_timeout=30) as client:
        relay.cut()
        way_to_postgres.cut()
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=30)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    assert served.process.wait(30) == 0, served.log()
    assert time.monotonic() - began < 9
    assert "Traceback" not in served.log()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_it_at_once(
    project: Project, room: str, number: signal.Signals, code: int
) -> None:
    served = project.serve("--drain-delay", "20")
    served.process.send_signal(number)
    wait_until(lambda: served.not_ready_for() == ["draining"])
    began = time.monotonic()
    served.process.send_signal(number)
    assert served.process.wait(30) == code
    assert time.monotonic() - began < 5


SLOW = """
import asyncio, sys, time
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
get_asgi_application()
from channels_ws.routing import lifespan, websocket_urlpatterns
from django.urls import path
from asgiref.sync import sync_to_async

async def slow(scope, receive, send):
    seconds = float(scope["query_string"] or 0)
    if scope["path"] == "/thread":
        await sync_to_async(time.sleep, thread_sensitive=False)(seconds)
    elif scope["path"] == "/log":
        sys.stderr.write("x" * 1_000_000)
    elif scope["path"] == "/loop":
        time.sleep(seconds)
    else:
        await asyncio.sleep(seconds)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})

application = ProtocolTypeRouter(
    {"http": slow, "websocket": URLRouter(websocket_urlpatterns), "lifespan": lifespan}
)
"""


@pytest.fixture
def slow(project: Project) -> str:
    """An application whose requests take as many seconds as they are told to."""
    (project.folder / "slow_site.py").write_text(SLOW)
    path = project.environment["PYTHONPATH"]
    project.variables = {"PYTHONPATH": f"{path}:{project.folder}"}
    return "slow_site:application"


def begun_request(served: Served, path: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request("GET", path)
    time.sleep(0.5)  # it is under way; the tests hold where it is not, too
    return connection


def test_a_request_in_flight_gets_to_finish(project: Project, slow: str) -> None:
    served = project.serve(slow, "--drain-delay", "0")
    request = begun_request(served, "/?3")
    served.process.send_signal(signal.SIGTERM)
    assert request.getresponse().read() == b"done"
    assert served.process.wait(30) == 0, served.log()


@pytest.mark.parametrize("path", ["/?60", "/thread?60", "/loop?60"])
def test_a_request_that_hangs_cannot_hold_up_the_end(
    project: Project, slow: str, path: str
) -> None:
    served = project.serve(slow, "--drain-delay", "0", "--close-within", "5")
    request = begun_request(served, path)
    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(30) == 0, served.log()
    assert time.monotonic() - began < 7
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        request.getresponse()
