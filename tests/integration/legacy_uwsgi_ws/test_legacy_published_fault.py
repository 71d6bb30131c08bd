"""The switch that has one client's leaving wedge its whole worker, as published."""

from __future__ import annotations

import pytest
from legacy_process import is_running
from legacy_wire import WireClient


@pytest.fixture
def server(start_server):
    return start_server(LEGACY_WS_PUBLISHED_FAULT="1", LEGACY_WS_KEEPALIVE="1")


def test_it_serves_as_ours_does_while_nobody_leaves(server, room, join):
    clients = [join(server, room) for _ in range(3)]
    bodies = [b"%d" % number for number in range(100)]
    room.publish(*bodies)
    for client in clients:
        assert client.bodies(100) == bodies


@pytest.mark.parametrize("noticed_by", ["send", "keepalive"])
def test_a_client_that_leaves_wedges_the_worker(server, room, join, noticed_by):
    leaving, neighbour = join(server, room), join(server, room)
    (worker,) = server.workers
    leaving.reset()
    if noticed_by == "send":
        room.publish(b"wakes the server")
    assert not neighbour.is_closed_within(0.5 if noticed_by == "send" else 2)
    neighbour.frames.clear()  # it may have been served before the one that left, for the last time
    room.publish(b"comes to nobody")
    with pytest.raises(TimeoutError):  # and no ConnectionError: silent, yet open
        neighbour.receive(1.5)
    with pytest.raises(TimeoutError), WireClient(f"{server.url}/{room.name}", timeout_s=1.5):
        pass
    assert is_running(worker)
    assert server.workers == [worker]


def test_a_client_that_leaves_is_not_noticed_before(start_server, room, join):
    server = start_server(LEGACY_WS_PUBLISHED_FAULT="1", LEGACY_WS_KEEPALIVE="30")
    leaving = join(server, room)
    leaving.send_close()
    assert not leaving.is_closed_within(2.5)
    assert room.has_queue()
