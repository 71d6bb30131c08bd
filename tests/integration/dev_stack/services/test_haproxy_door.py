"""The stack's front door. What any front door promises is tested in
tests/integration/migrate_cli/routers/."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

import pytest

from dev_stack.frontdoor import FrontDoor, Weights
from dev_stack.runtime import Runtime
from dev_stack.services.haproxy import FrontDoorPorts, private_haproxy
from dev_stack.supervisor import Supervisor
from two_servers import UPGRADE, Client, NamedServer
from wsmigrate.errors import UnavailableError


@dataclass(frozen=True)
class Door:
    control: FrontDoor
    client: Client
    supervisor: Supervisor


@pytest.fixture(scope="module")
def door(haproxy_program):
    with Runtime(lambda _: None) as runtime:
        ports = FrontDoorPorts(*(runtime.ports.free() for _ in range(3)))
        servers = [NamedServer("legacy", ports.legacy), NamedServer("channels", ports.channels)]
        for server in servers:
            server.start()
        service = private_haproxy(haproxy_program, runtime.folder, ports)
        runtime.supervisor.start(service.spec)
        runtime.supervisor.wait_until_ready("haproxy")
        yield Door(service.front_door, Client(ports.front), runtime.supervisor)
        for server in servers:
            server.stop()


def test_a_share_is_a_pair_of_weights(door):
    assert door.control.set_share(50) == Weights(50, 50)
    servers = list(door.client.servers_of_rooms(200).values())
    assert 60 <= servers.count("channels") <= 140


@pytest.mark.parametrize(("percent", "server"), [(0, "legacy"), (100, "channels")])
def test_the_handshake_tells_the_page_its_server(door, percent, server):
    door.control.set_share(percent)
    answer = door.client.answer("/room", *UPGRADE)
    assert answer["status"] == "101"
    assert answer["set-cookie"] == f"wsmigrate_server={server}; Path=/; SameSite=Lax"
    assert "set-cookie" not in door.client.answer("/room")


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
