"""HAProxy that is reloaded: its old process keeps the open sockets, and stays in sight."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest
from stands import haproxy_door, wait_until

from dev_stack.runtime import Runtime
from migrate_cli.routers.doors import FrontDoor
from migrate_cli.routers.haproxy_socket import RuntimeSocket
from migrate_cli.routers.port import RouterError
from two_servers import Client, NamedServer, is_open
from wsmigrate.sides import Side
from wsmigrate.weights import Servers


@pytest.fixture
def stand(haproxy_program, tmp_path):
    with Runtime(lambda _: None) as runtime:
        legacy = NamedServer("legacy", runtime.ports.free())
        channels = NamedServer("channels", runtime.ports.free())
        legacy.start()
        channels.start()
        doors, ports = zip(
            *(haproxy_door(runtime, haproxy_program, name, legacy, channels) for name in "ab"),
            strict=True,
        )
        yield runtime, doors, [Client(port) for port in ports]
        legacy.stop()
        channels.stop()


def test_the_share_and_the_old_sockets_outlive_a_reload(stand):
    runtime, doors, clients = stand
    router = FrontDoor(doors[:1])
    router.set_share(0)
    with clients[0].open("/old") as link:
        router.set_share(70)
        master = runtime.supervisor.pids()["a"][0]
        os.kill(master, signal.SIGUSR2)
        wait_until(lambda: _has_old_worker(doors[0]))
        wait_until(lambda: _answers(router))
        assert router.share().percent == 70
        assert is_open(link)
        assert router.sessions().legacy == 1
        assert router.close_sessions(Side.LEGACY, 10).closed == 1
        assert link.recv(1) == b""


def test_an_old_process_that_has_ended_meanwhile_has_no_sessions(stand):
    """The list of them is a moment old when the last client of one leaves."""
    _, doors, _ = stand
    ended = RuntimeSocket(doors[0].master.address, "@!1")
    assert ended.statistics() == []
    assert list(ended.open_sessions()) == []
    assert not ended.shut_down("0x1")


def test_a_door_that_does_not_answer_leaves_the_others_as_they_were(stand):
    runtime, doors, _ = stand
    router = FrontDoor(doors)
    router.set_share(20)
    frozen = runtime.supervisor.pids()["b"]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(RouterError) as failed:
            router.set_share(80)
        assert failed.value.door.endswith("/b/admin.sock")
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert [door.read_share().percent for door in doors] == [20, 20]
    assert router.set_share(80).percent == 80


def test_a_door_that_cannot_persist_sets_the_others_back(stand, tmp_path):
    _, doors, _ = stand
    router = FrontDoor(doors)
    router.set_share(10)
    state = doors[1].persistence.path
    state.unlink()
    state.mkdir()  # nothing can be put in its place
    try:
        with pytest.raises(RouterError, match="could not be persisted") as failed:
            router.set_share(60)
        assert doors[1].name in str(failed.value)
    finally:
        state.rmdir()
    assert doors[0].read_share().percent == 10
    assert router.set_share(60).is_persisted


def test_a_socket_without_haproxy_is_one_sentence(stand, tmp_path):
    _, doors, _ = stand
    gone = replace(doors[0], socket=RuntimeSocket(str(tmp_path / "no.sock")))
    with pytest.raises(RouterError, match="does not answer"):
        FrontDoor([gone]).share()


def test_a_server_that_somebody_has_set_aside_gets_no_share(stand):
    _, doors, _ = stand
    router = FrontDoor(doors[:1])
    router.set_share(0)
    doors[0].socket.tell("set server ws/channels state maint")
    with pytest.raises(RouterError, match="state ready"):
        router.set_share(30)
    assert router.share().percent == 0
    doors[0].socket.tell("set server ws/channels state ready")
    assert router.set_share(30).percent == 30


def test_a_server_that_is_not_in_the_backend_is_named(stand):
    _, doors, _ = stand
    wrong = replace(doors[0], servers=Servers(("uwsgi",), ("channels",)))
    with pytest.raises(RouterError, match="no server 'uwsgi'; it has 'legacy', 'channels'"):
        FrontDoor([wrong]).set_share(10)


def _answers(router: FrontDoor) -> bool:
    try:
        return router.share().percent is not None
    except RouterError:
        return False


def _has_old_worker(door) -> bool:
    try:
        return bool(door.master.old_workers())
    except RouterError:
        return False
