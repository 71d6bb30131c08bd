"""What every front door promises (migrate_cli/routers/port.py), over the real programs."""

from __future__ import annotations

import contextlib

import pytest
from stands import wait_until

from migrate_cli.drain.watching import OtherServer
from migrate_cli.routers.port import SideState
from two_servers import UPGRADE, head_of, is_open
from wsmigrate.errors import ConfigError
from wsmigrate.sides import Side


@pytest.mark.parametrize(("percent", "server"), [(0, "legacy"), (100, "channels")])
def test_all_rooms_go_to_one_server(stand, percent, server):
    assert stand.router.set_share(percent).percent == percent
    for client in stand.clients:
        assert set(client.servers_of_rooms(40).values()) == {server}


def test_what_was_set_is_read_back_and_persisted(stand):
    after = stand.router.set_share(37)
    assert after == stand.router.share()
    assert after.percent == 37
    assert after.is_persisted


def test_the_same_share_again_changes_nothing(stand):
    stand.router.set_share(40)
    before = stand.client.servers_of_rooms(60)
    assert stand.router.set_share(40).percent == 40
    assert stand.client.servers_of_rooms(60) == before


def test_a_growing_share_moves_rooms_in_one_direction_only(stand):
    stand.router.set_share(20)
    before = stand.client.servers_of_rooms(150)
    stand.router.set_share(60)
    after = stand.client.servers_of_rooms(150)
    moved = {room for room in before if before[room] != after[room]}
    assert moved
    assert {after[room] for room in moved} == {"channels"}


def test_all_doors_send_a_room_to_the_same_server(stand):
    stand.router.set_share(50)
    assert len({tuple(client.servers_of_rooms(40).items()) for client in stand.clients}) == 1


@pytest.mark.parametrize("percent", [-1, 101, 1000])
def test_a_share_that_cannot_be_is_refused_before_anything_is_touched(stand, percent):
    stand.router.set_share(30)
    with pytest.raises(ConfigError):
        stand.router.set_share(percent)
    assert stand.router.share().percent == 30


def test_a_door_that_is_killed_comes_back_with_its_share(stand):
    stand.router.set_share(33)
    rooms = stand.client.servers_of_rooms(30)
    stand.kill_and_wait()
    assert stand.router.share().percent == 33
    wait_until(lambda: stand.client.servers_of_rooms(30) == rooms)


def test_an_open_socket_stays_where_it_is_and_is_counted(stand):
    stand.router.set_share(0)
    before = stand.router.sessions()
    with stand.client.open("/stays") as link:
        stand.router.set_share(100)
        assert is_open(link)
        wait_until(lambda: stand.router.sessions().legacy == before.legacy + 1)
        with stand.client.open("/moves"):
            wait_until(lambda: stand.router.sessions().channels == before.channels + 1)
    wait_until(lambda: stand.router.sessions() == before)


def test_sessions_of_a_side_are_closed_so_many_at_a_time_and_of_that_side_only(stand):
    with contextlib.ExitStack() as links:
        stand.router.set_share(0)
        leaving = [links.enter_context(stand.client.open(f"/old{n}")) for n in range(6)]
        stand.router.set_share(100)
        staying = [links.enter_context(stand.client.open(f"/new{n}")) for n in range(3)]
        wait_until(lambda: stand.router.sessions().legacy == 6)
        assert stand.router.close_sessions(Side.LEGACY, 4).closed == 4
        wait_until(lambda: stand.router.sessions().legacy == 2)
        assert sum(is_open(link) for link in leaving) == 2
        assert stand.router.close_sessions(Side.LEGACY, 100).closed == 2
        wait_until(lambda: stand.router.sessions().legacy == 0)
        assert stand.router.close_sessions(Side.LEGACY, 5).closed == 0
        assert stand.router.close_sessions(Side.CHANNELS, 0).closed == 0
        assert all(is_open(link) for link in staying)
        assert stand.router.close_sessions(Side.CHANNELS, 100).closed == 3


def test_a_server_that_is_away_is_said_to_be_or_not_known(stand):
    with stand.channels.down():
        wait_until(
            lambda: stand.router.health().channels.state in {SideState.DOWN, SideState.UNKNOWN}
        )
        assert stand.router.health().legacy.state in {SideState.UP, SideState.UNKNOWN}
    wait_until(lambda: stand.router.health().channels.state in {SideState.UP, SideState.UNKNOWN})


def test_connects_are_counted_or_said_to_be_unknown(stand):
    stand.router.set_share(0)
    before = stand.router.traffic(Side.LEGACY)
    stand.client.servers_of_rooms(10)
    after = stand.router.traffic(Side.LEGACY)
    if before.connects is None:
        assert after.connects is None
    else:
        assert after.connects == before.connects + 10


def test_a_server_that_was_slow_is_not_slow_for_ever(stand):
    """HAProxy's own averages are of requests that have ended: a WebSocket's handshake counts when
    its client leaves, hours later."""
    stand.router.set_share(100)
    with stand.channels.slow(0.7):
        links = [stand.client.open("/slow") for _ in range(3)]
    for link in links:
        link.close()
    wait_until(lambda: stand.router.sessions().channels == 0)
    read = OtherServer(stand.router, Side.CHANNELS).read()
    assert read.latency_ms is None or read.latency_ms < 500


def test_a_client_is_back_once_the_server_has_answered(stand):
    stand.router.set_share(100)
    before = stand.router.traffic(Side.CHANNELS)
    with stand.channels.slow(1.5), stand.client.connect("/waits", *UPGRADE) as link:
        if before.connects is None:
            assert before.answered is None
            return
        wait_until(
            lambda: stand.router.traffic(Side.CHANNELS).connects == before.connects + 1,
        )
        assert stand.router.traffic(Side.CHANNELS).answered in {before.answered, None}
        assert head_of(link)["status"] == "101"
        if before.answered is not None:  # at once, not when the socket has ended
            wait_until(
                lambda: stand.router.traffic(Side.CHANNELS).answered == before.answered + 1,
            )
