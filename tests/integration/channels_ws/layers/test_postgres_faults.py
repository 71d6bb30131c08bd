"""The faults of channels-postgres 1.1.4 as it stands, each as a test of the right behaviour.

``stock`` has to fail, which shows what the tests protect from; ``ours`` has to pass.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import msgpack
import psycopg
import pytest
from layer_kinds import LayerSetup, setup_of
from layer_process import PATIENCE_S, QUIET_S, Channel, Layer, LayerFailed, LayerProcess
from postgres_watch import Watch, within

from layer_promises import LayerKind

HELLO = {"type": "hello"}
NewProcess = Callable[[], LayerProcess]

GROUP_ROWS = {
    LayerKind.STOCK: "channels_postgres_groupchannel",
    LayerKind.OURS: "wsmigrate_member",
}
MESSAGE_ROWS = {LayerKind.STOCK: "channels_postgres_message", LayerKind.OURS: "wsmigrate_message"}


def stock_fails(how: str) -> pytest.MarkDecorator:
    """Over ours and the stock layer, which is known to do what ``how`` says."""
    fails = pytest.mark.xfail(strict=True, reason=how, raises=(AssertionError, LayerFailed))
    stock = pytest.param(LayerKind.STOCK, id="stock", marks=fails)
    return pytest.mark.parametrize("kind", [pytest.param(LayerKind.OURS, id="ours"), stock])


@pytest.fixture
def database(own_database: str) -> str:
    return own_database


@pytest.fixture
def setup(kind: LayerKind, database: str) -> LayerSetup:
    return setup_of(kind, database)


@pytest.fixture
def layer(new_process: NewProcess, setup: LayerSetup) -> Layer:
    return new_process().layer(setup)


@pytest.fixture
def sender(new_process: NewProcess, setup: LayerSetup) -> Layer:
    """A layer in another process."""
    return new_process().layer(setup)


@pytest.fixture
def watch(database: str) -> Watch:
    return Watch(database)


def open_at_once(layer: Layer, count: int, within_s: float = PATIENCE_S) -> list[Channel]:
    """As many clients as that, which all come in the same moment."""
    channels = [Channel(layer, layer.new_channel()) for _ in range(count)]
    opening = [layer.process.begin("listen", layer.handle, one.name, True) for one in channels]
    end = time.monotonic() + within_s
    for one in opening:
        layer.process.result(one, "listen", max(0.1, end - time.monotonic()))
    return channels


@stock_fails("20 first receives open 20 LISTEN connections")
def test_first_receives_at_once_open_one_listen_connection(layer: Layer, watch: Watch) -> None:
    open_at_once(layer, 20)
    assert watch.connections() <= 5  # the stock layer has a pool of four beside it


@stock_fails("20 first receives listen 20 times, and every client gets up to 20 copies")
def test_first_receives_at_once_bring_every_client_one_copy(layer: Layer, group: str) -> None:
    channels = open_at_once(layer, 20)
    for channel in channels:
        layer.call("group_add", group, channel.name)
    layer.group_send(group, HELLO)
    taking = [
        layer.process.begin("take_all", channel.name, PATIENCE_S, QUIET_S) for channel in channels
    ]
    assert [layer.process.result(one, "take_all") for one in taking] == [[HELLO]] * 20


@stock_fails("100 clients that reconnect at once take all 100 connections of PostgreSQL")
def test_100_clients_at_once_leave_postgresqls_connections_free(
    layer: Layer, watch: Watch, patience_s: float
) -> None:
    try:
        open_at_once(layer, 120, 5 * patience_s)
    finally:
        connections = watch.connections()
    assert connections <= 5


class Harm:
    """What may happen to the connections of a layer."""

    def __init__(self, services: Any, watch: Watch, pairs: Any) -> None:
        self._services = services
        self._watch = watch
        self._pairs = pairs

    def kill(self) -> None:
        """PostgreSQL is killed, and started again."""
        self._pairs.end()
        killed = self._services.pid("postgres")
        os.kill(killed, signal.SIGKILL)
        self._services.wait_until_started_anew("postgres", killed)

    def terminate(self) -> None:
        """Every connection is ended by an administrator."""
        self._watch.terminate_all()


@pytest.fixture
def harm(services: Any, watch: Watch, pairs: Any) -> Harm:
    return Harm(services, watch, pairs)


@pytest.mark.parametrize("how", ["kill", "terminate"])
@stock_fails("nothing is delivered any more until the process is restarted, while sends succeed")
def test_nothing_is_lost_or_doubled_when_connections_end(
    layer: Layer, sender: Layer, how: str, harm: Harm, patience_s: float
) -> None:
    group = "of-both"
    channel = layer.member(group)
    sending = sender.process.begin("publish_steadily", sender.handle, group, 2.0)
    assert channel.take(1) == [{"type": "t", "number": 1}]
    getattr(harm, how)()
    returned = sender.process.result(sending, "publish_steadily")
    end = time.monotonic() + patience_s
    while True:  # a pool that was cut gives away dead connections first
        try:
            sender.group_send(group, {"type": "t", "number": 10**6})
            break
        except LayerFailed:
            assert time.monotonic() < end
    got = [1]
    while got[-1] != 10**6:
        got += [event["number"] for event in channel.take(1, patience_s)]
    assert len(returned) > 10
    assert set(returned) <= set(got)
    assert got == sorted(set(got))


@stock_fails("16 threads wait for ever: all event loops share one pool of connections")
def test_16_wsgi_threads_send_500_messages_each(
    layer: Layer, sender: Layer, kind: LayerKind, group: str
) -> None:
    each, within_s = (500, 4 * PATIENCE_S) if kind is LayerKind.OURS else (5, 5.0)
    channel = layer.member(group)
    send = ("send_from_threads", sender.handle, group, 16, each)
    assert sender.process.do(*send, within_s=within_s) == []
    got = channel.take(16 * each)
    for thread in range(16):
        assert [e["number"] for e in got if e["thread"] == thread] == list(range(each))
    assert channel.take_all() == []


@stock_fails("50 channels that came and went leave some 50 advisory locks behind")
def test_channels_that_are_gone_leave_no_locks(layer: Layer, watch: Watch) -> None:
    layer.process.do("come_and_go", layer.handle, 50, within_s=4 * PATIENCE_S)
    within(5.0, lambda: watch.advisory_locks() <= 5, "locks of senders that are done")


@stock_fails("every channel that was ever received from leaves some 6 KB behind")
def test_channels_that_are_gone_leave_no_memory(
    new_process: NewProcess, setup: LayerSetup, kind: LayerKind, patience_s: float
) -> None:
    if kind is LayerKind.OURS:
        setup = setup.but(heartbeat=0.3, expiry=2)
    layer = new_process().layer(setup)

    def allocated() -> int:
        return int(layer.process.do("traced_memory"))

    allocated()
    layer.process.do("come_and_go", layer.handle, 20, within_s=PATIENCE_S)
    before = allocated()
    layer.process.do("come_and_go", layer.handle, 60, within_s=4 * PATIENCE_S)
    within(patience_s, lambda: allocated() - before < 60 * 800, "memory of channels that are gone")


@stock_fails("the rows of a killed process stay for ever, and are written to with every message")
def test_what_a_killed_process_leaves_in_groups_goes(
    new_process: NewProcess, setup: LayerSetup, kind: LayerKind, watch: Watch, patience_s: float
) -> None:
    group = "of-both"
    if kind is LayerKind.OURS:
        setup = setup.but(heartbeat=0.3, dead_after=1.5)
    layer, killed = (new_process().layer(setup) for _ in range(2))
    channel = killed.member(group)
    layer.call("group_add", group, channel.name)  # by a neighbour, which has to tell the database
    assert watch.rows(GROUP_ROWS[kind]) > 0
    killed.process.kill()
    survivor = layer.open()

    def is_clean() -> bool:
        layer.send(survivor.name, HELLO)
        return watch.rows(GROUP_ROWS[kind]) == 0

    within(patience_s, is_clean, "rows of the killed process")


@stock_fails("a listener whose connection has ended looks for nothing that it has missed")
def test_transactions_that_commit_out_of_order_are_caught_up_with(
    layer: Layer, kind: LayerKind, watch: Watch, patience_s: float, group: str
) -> None:
    channel = layer.member(group)
    with psycopg.connect(watch.dsn) as late, psycopg.connect(watch.dsn) as early:
        insert(late, kind, group, channel.name, "began first")
        insert(early, kind, group, channel.name, "committed first")
        early.commit()
        assert [event["text"] for event in channel.take(1)] == ["committed first"]
        own = (late.info.backend_pid, early.info.backend_pid)
        watch.value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL (%s)",
            list(own),
        )
        late.commit()
    assert [event["text"] for event in channel.take(1, patience_s)] == ["began first"]


def insert(connection: Any, kind: LayerKind, group: str, channel: str, text: str) -> None:
    """What a send does, in a transaction that goes on."""
    if kind is LayerKind.OURS:
        event = f'{{"type": "t", "text": "{text}"}}'
        connection.execute("SELECT wsmigrate_group_send(%s, %s::json)", (group, event))
        return
    connection.execute(
        "INSERT INTO channels_postgres_message (channel, message, expire)"
        " VALUES (%s, %s, now() + interval '1 minute')",
        (channel, msgpack.packb({"type": "t", "text": text})),
    )


@stock_fails("a message to a room of 20 sockets is 20 rows")
def test_a_message_to_a_group_is_one_row(
    layer: Layer, kind: LayerKind, group: str, watch: Watch
) -> None:
    channels = [layer.new_channel() for _ in range(20)]
    for channel in channels:
        layer.call("group_add", group, channel)
    before = watch.rows(MESSAGE_ROWS[kind])
    layer.group_send(group, HELLO)
    assert watch.rows(MESSAGE_ROWS[kind]) == before + 1


@stock_fails("there is no index on group_key: each send reads all members of all groups")
def test_the_members_of_a_group_are_found_by_an_index(kind: LayerKind, watch: Watch) -> None:
    queries = {
        LayerKind.STOCK: "SELECT channel FROM channels_postgres_groupchannel WHERE group_key = 'g'",
        LayerKind.OURS: "SELECT channel FROM wsmigrate_member"
        " WHERE prefix = 'asgi' AND group_name = 'g'",
    }
    assert watch.uses_index(queries[kind])
