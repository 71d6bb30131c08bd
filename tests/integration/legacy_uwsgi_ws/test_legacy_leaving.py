"""A client that leaves ends its own connection, soon, and nobody else's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from legacy_process import until

SOON_S = 2.0
WAYS = {
    "close-frame": lambda client: client.send_close(),
    "fin": lambda client: client.socket.shutdown(socket.SHUT_WR),
    "process-ends": lambda client: client.socket.close(),
    "rst": lambda client: client.reset(),
    "garbage": lambda client: client.socket.sendall(b"\x88\x80\x00\x00\x00\x00"),
    "empty-frames-then-close": lambda client: client.socket.sendall(
        b"\x81\x80\x00\x00\x00\x00" * 20 + b"\x88\x80\x00\x00\x00\x00"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_leaves_takes_its_queue_with_it(server, room, join, way):
    client = join(server, room)
    assert room.has_queue()
    WAYS[way](client)
    assert until(lambda: not room.has_queue(), SOON_S)


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_leaves_harms_no_neighbour(server, room, join, way):
    leaving, neighbour = join(server, room), join(server, room)
    workers = server.workers
    room.publish(b"before")
    assert neighbour.receive().data == b"before"
    WAYS[way](leaving)
    room.publish(*[b"%d" % number for number in range(50)])
    assert neighbour.bodies(50) == [b"%d" % number for number in range(50)]
    assert join(server, room).is_open
    assert server.workers == workers


def test_a_close_frame_ends_the_tcp_connection_too(server, room, join):
    client = join(server, room)
    client.send_close()
    assert client.is_closed_within(SOON_S)


def test_many_that_leave_at_once_leave_no_queue_and_no_descriptor(server, room, join):
    (worker,) = server.workers
    join(server, room).socket.close()
    assert until(lambda: not room.has_queue(), SOON_S)
    before = descriptors(worker)
    clients = [join(server, room) for _ in range(40)]
    for number, client in enumerate(clients):
        list(WAYS.values())[number % 4](client)
    assert until(lambda: not room.has_queue(), SOON_S)
    assert until(lambda: descriptors(worker) <= before, SOON_S)


def test_a_half_open_client_is_given_up_at_the_keepalive(start_server, room, join, stopped_client):
    server = start_server(LEGACY_WS_KEEPALIVE="2")
    neighbour = join(server, room.name + "-other")
    stopped_client(server.url + "/" + room.name)
    assert room.has_queue()
    neighbour_stays = until(lambda: pumped(neighbour) and not room.has_queue(), 10)
    assert neighbour_stays
    assert neighbour.is_open
    assert neighbour.pings >= 2


def test_a_client_that_answers_pings_stays(start_server, room, join):
    server = start_server(LEGACY_WS_KEEPALIVE="2")
    client = join(server, room)
    assert not client.is_closed_within(5)
    assert 2 <= client.pings <= 4
    room.publish(b"still there")
    assert client.receive().data == b"still there"


def test_a_stopped_reader_holds_up_nobody_and_no_memory_and_is_given_up(start_server, room, join):
    server = start_server(LEGACY_WS_KEEPALIVE="3")
    (worker,) = server.workers
    neighbour = join(server, room)
    stopped = join(server, room, receive_buffer=4096)
    before = resident_bytes(worker)
    for _ in range(20):
        room.publish(*[b"z" * 200_000] * 20)
        assert neighbour.bodies(20) == [b"z" * 200_000] * 20
    assert resident_bytes(worker) - before < 60_000_000  # of 80 MB, and 50 messages are 10 MB
    neighbour.socket.close()
    assert until(lambda: not room.has_queue(), 15)
    assert stopped.socket.fileno() >= 0


def test_a_stopped_reader_that_hangs_up_is_noticed_in_the_middle_of_a_frame(server, room, join):
    stopped = join(server, room, receive_buffer=4096)
    room.publish(*[b"z" * 200_000] * 60)
    time.sleep(0.5)  # the send buffer is full by now
    stopped.socket.shutdown(socket.SHUT_WR)
    assert until(lambda: not room.has_queue(), SOON_S)


def test_a_slow_reader_gets_everything_in_order(server, room, join):
    slow = join(server, room, receive_buffer=4096)
    bodies = [b"%06d" % number * 20_000 for number in range(100)]
    room.publish(*bodies)
    time.sleep(1)
    assert slow.bodies(100, 60) == bodies


@pytest.fixture
def stopped_client():
    """Joins a room from a process of its own and freezes that process."""
    processes = []

    def start(url):
        code = (
            "import sys; from legacy_wire import WireClient; client = WireClient(sys.argv[1]);"
            "print(client.response.status_code, flush=True); client.is_closed_within(600)"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code, url],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        )
        processes.append(process)
        assert process.stdout.readline() == b"101\n"
        process.send_signal(signal.SIGSTOP)

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def pumped(client):
    """Have the client answer pings for a moment."""
    return not client.is_closed_within(0.2)


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident_bytes(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
