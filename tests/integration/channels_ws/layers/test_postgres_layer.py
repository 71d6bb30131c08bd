"""What the PostgreSQL layer promises beyond the contract of channel layers."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from layer_kinds import LayerSetup, database_of, setup_of
from layer_process import PATIENCE_S, Layer, LayerFailed, LayerProcess
from postgres_watch import Watch, within

from layer_promises import LayerKind
from site_fixtures import dsn_of

NewProcess = Callable[[], LayerProcess]
INBOX = "wsmigrate.inbox.0"


@pytest.fixture
def database(own_database: str) -> str:
    return own_database


@pytest.fixture
def setup(database: str) -> LayerSetup:
    return setup_of(LayerKind.OURS, database)


@pytest.fixture
def layer(new_process: NewProcess, setup: LayerSetup) -> Layer:
    return new_process().layer(setup)


@pytest.fixture
def watch(database: str) -> Watch:
    return Watch(database)


def send_many(layer: Layer, messages: list[Any], cursor: tuple[str, int | None, int]) -> None:
    layer.process.do("send_many", layer.handle, messages, cursor)


def numbered(group: str, count: int) -> list[Any]:
    return [(group, {"type": "t", "number": number}) for number in range(count)]


def cursor(watch: Watch) -> Any:
    return watch.value('SELECT "offset" FROM wsmigrate_cursor WHERE inbox = %s', INBOX)


def test_a_batch_moves_the_cursor_and_keeps_its_order(layer: Layer, watch: Watch) -> None:
    channel = layer.member("room")
    send_many(layer, numbered("room", 50), (INBOX, None, 49))
    assert [event["number"] for event in channel.take(50)] == list(range(50))
    assert cursor(watch) == 49


def test_equal_messages_of_a_batch_arrive_as_often_as_they_were_sent(
    new_process: NewProcess, setup: LayerSetup
) -> None:
    receiver, sender = (new_process().layer(setup) for _ in range(2))
    channel = receiver.member("room")
    event = {"type": "t", "text": "0123456789" * 5}
    sender.process.do("send_many", sender.handle, [("room", event)] * 300, None)
    assert channel.take(300) == [event] * 300
    assert channel.take_all() == []


def test_a_batch_whose_cursor_has_moved_is_refused_whole(layer: Layer, watch: Watch) -> None:
    channel = layer.member("room")
    send_many(layer, [], (INBOX, None, 10))
    for before in (None, 9):
        with pytest.raises(LayerFailed, match="CursorMovedError"):
            send_many(layer, numbered("room", 3), (INBOX, before, 12))
    assert channel.take_all() == []
    assert cursor(watch) == 10


def send_many_at_once(layer: Layer, batches: Sequence[tuple[str, int | None, int]]) -> list[str]:
    """A batch of each inbox at the same moment; which failed, and whether for their cursor."""
    process = layer.process
    asked = [
        process.begin("send_many", layer.handle, numbered(f"room-{move[0]}", 3), move)
        for move in batches
    ]
    failed = []
    for move, future in zip(batches, asked, strict=True):
        try:
            process.result(future, "send_many")
        except LayerFailed as error:
            failed.append(f"{move[0]} {'CursorMovedError' in str(error)}")
    return failed


def test_batches_of_several_inboxes_share_rows_and_keep_their_cursors(
    layer: Layer, watch: Watch
) -> None:
    inboxes = [f"inbox.{number}" for number in range(8)]
    channels = [layer.member(f"room-{inbox}") for inbox in inboxes]
    rounds = 20
    for number in range(rounds):
        before = None if number == 0 else number
        assert send_many_at_once(layer, [(one, before, number + 1) for one in inboxes]) == []
    for channel in channels:
        events = channel.take(3 * rounds)
        assert [event["number"] for event in events] == [0, 1, 2] * rounds
        assert channel.take_all() == []
    assert watch.value('SELECT count(*) FROM wsmigrate_cursor WHERE "offset" = %s', rounds) == 8
    rows = watch.value(
        "SELECT count(*) FROM wsmigrate_message WHERE targets && ARRAY['groom-inbox.0',"
        " 'groom-inbox.1', 'groom-inbox.2', 'groom-inbox.3']"
    )
    assert rows < 4 * rounds, "none was shared"


def test_a_cursor_that_has_moved_fails_its_own_batch_alone(layer: Layer, watch: Watch) -> None:
    inboxes = [f"inbox.{number}" for number in range(4)]
    channels = [layer.member(f"room-{inbox}") for inbox in inboxes]
    assert send_many_at_once(layer, [(one, None, 5) for one in inboxes]) == []
    for number in range(10):
        moves = [(one, 5 + number, 6 + number) for one in inboxes[1:]]
        stolen = (inboxes[0], 1, 2)
        assert send_many_at_once(layer, [moves[0], stolen, *moves[1:]]) == ["inbox.0 True"]
    assert [len(channel.take(3 if n == 0 else 33)) for n, channel in enumerate(channels)] == [
        3,
        33,
        33,
        33,
    ]
    assert channels[0].take_all() == []
    assert watch.value("SELECT \"offset\" FROM wsmigrate_cursor WHERE inbox = 'inbox.0'") == 5


def test_rows_of_several_cursors_that_are_sent_again_are_not_doubled(
    layer: Layer, watch: Watch
) -> None:
    channel = layer.member("room")
    append = (
        "SELECT wsmigrate_append_of_many(%s::uuid, 'asgi', ARRAY['groom'], ARRAY[%s::bytea],"
        " ARRAY['groom'], 60, ARRAY['inbox.0', 'inbox.1'], ARRAY[NULL, NULL]::int8[],"
        " ARRAY[5, 6]::int8[])"
    )
    values = (uuid.uuid4(), b'{"type": "t"}')
    assert watch.value(append, *values) is not None
    assert watch.value(append, *values) is None
    with pytest.raises(psycopg.Error, match=r"cursor of inbox\.0"):
        watch.value(append, uuid.uuid4(), b'{"type": "t"}')
    assert channel.take(1) == [{"type": "t"}]
    assert channel.take_all() == []


def test_a_batch_with_one_bad_group_is_refused_whole(layer: Layer, watch: Watch) -> None:
    channel = layer.member("room")
    with pytest.raises(LayerFailed, match="TypeError"):
        send_many(layer, [*numbered("room", 1), ("no room", {"type": "t"})], (INBOX, None, 1))
    assert channel.take_all() == []
    assert cursor(watch) is None


def test_a_batch_that_is_sent_again_with_its_token_is_not_doubled(
    layer: Layer, watch: Watch
) -> None:
    channel = layer.member("room")
    append = (
        "SELECT wsmigrate_append(%s::uuid, 'asgi', ARRAY['groom'], ARRAY[%s::bytea],"
        " ARRAY['groom'], 60, %s, NULL, 5)"
    )
    values = (uuid.uuid4(), b'{"type": "t"}', INBOX)
    assert watch.value(append, *values) is not None
    assert watch.value(append, *values) is None
    assert channel.take_all(PATIENCE_S) == [{"type": "t"}]


def test_what_is_sent_at_once_is_committed_together(layer: Layer, watch: Watch) -> None:
    channel = layer.member("room")
    call = ("call", layer.handle, "group_send", "room")
    sending = [layer.process.begin(*call, event) for _, event in numbered("room", 400)]
    for one in sending:
        layer.process.result(one, "group_send")
    assert channel.take(400) == [event for _, event in numbered("room", 400)]
    assert watch.value("SELECT count(*) FROM wsmigrate_message") < 200


@pytest.mark.parametrize("room", ["lobby", "a room of Zoë, 100 %"])
def test_any_client_of_postgresql_publishes_by_a_function(
    layer: Layer, watch: Watch, room: str
) -> None:
    group = watch.value("SELECT wsmigrate_group_of_room(%s)", room)
    channel = layer.member(group)
    text = 'it\'s "é€😀" \\ \n'
    watch.value("SELECT wsmigrate_publish(%s, %s)", room, text)
    (event,) = channel.take_all(PATIENCE_S)
    assert (event["message"], event["room"]) == (text, room)


def test_psql_publishes(layer: Layer, watch: Watch) -> None:
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("could not run: psql is not on this machine")
    channel = layer.member("room")
    statement = "SELECT wsmigrate_publish('room', 'text')"
    subprocess.run([psql, "-qAtc", statement, watch.dsn], check=True, timeout=60)
    assert [event["message"] for event in channel.take_all(PATIENCE_S)] == ["text"]


def test_what_a_transaction_publishes_goes_out_with_its_commit_in_order(
    layer: Layer, watch: Watch
) -> None:
    channel = layer.member("room")
    with psycopg.connect(watch.dsn) as connection:
        for text in ("one", "two"):
            connection.execute("SELECT wsmigrate_publish('room', %s)", (text,))
        assert channel.take_all() == []
        connection.commit()
    assert [event["message"] for event in channel.take_all(PATIENCE_S)] == ["one", "two"]


def test_what_a_transaction_has_published_goes_back_with_it(layer: Layer, watch: Watch) -> None:
    channel = layer.member("room")
    with psycopg.connect(watch.dsn) as connection:
        connection.execute("SELECT wsmigrate_publish('room', 'never')")
        connection.rollback()
        connection.execute("SELECT wsmigrate_publish('room', 'after')")
    assert [event["message"] for event in channel.take_all(PATIENCE_S)] == ["after"]


def test_a_transaction_that_is_open_holds_up_nobody(layer: Layer, watch: Watch) -> None:
    channel = layer.member("room")
    with psycopg.connect(watch.dsn) as connection:
        connection.execute("SELECT wsmigrate_publish('room', 'late')")
        layer.group_send("room", {"type": "t", "message": "early"})
        assert [event["message"] for event in channel.take(1)] == ["early"]
    assert [event["message"] for event in channel.take(1)] == ["late"]


@pytest.mark.parametrize("size", [7_000, 9_000, 8 << 20])
def test_frames_of_all_sizes_arrive(layer: Layer, size: int) -> None:
    channel = layer.member("room")
    message = {"type": "t", "message": "0123456789abcdef" * (size // 16)}
    layer.group_send("room", message)
    assert channel.take(1) == [message]


def test_a_pooler_in_transaction_mode_is_noticed_and_messages_still_come(
    services: Any, database: str, tmp_path: Any, watch: Watch
) -> None:
    pooled = dsn_of(services.pgbouncer(), database.rpartition("/")[2])
    setup = setup_of(LayerKind.OURS, pooled).but(heartbeat=0.3)
    with LayerProcess(database_of(database), tmp_path / "pooled.log") as process:
        layer = process.layer(setup)
        channel = layer.member("room")
        layer.group_send("room", {"type": "t"})
        assert channel.take_all(PATIENCE_S) == [{"type": "t"}]
        within(PATIENCE_S, lambda: "pooler in transaction mode" in process.log, "a sentence")
        assert "LISTEN" in process.do("attribute", layer.handle, "trouble")


def test_a_process_that_was_frozen_misses_nothing(
    new_process: NewProcess, setup: LayerSetup
) -> None:
    frozen, sender = (new_process().layer(setup) for _ in range(2))
    channel = frozen.member("room")
    frozen.process.freeze()
    for number in range(50):
        sender.group_send("room", {"type": "t", "number": number})
    frozen.process.wake()
    assert [event["number"] for event in channel.take(50)] == list(range(50))
    assert channel.take_all() == []
    assert channel.failures() == []


def test_a_gap_that_cannot_be_closed_is_raised_once_and_messages_flow_again(
    new_process: NewProcess, setup: LayerSetup, watch: Watch
) -> None:
    brief = setup.but(heartbeat=0.3, dead_after=1.5, retention=1, expiry=1)
    frozen, sender = (new_process().layer(brief) for _ in range(2))
    channel = frozen.member("room")
    sender.group_send("room", {"type": "before"})
    assert channel.take(1) == [{"type": "before"}]
    frozen.process.freeze()
    watch.terminate_all()  # what comes over an open connection waits in it
    sender.group_send("room", {"type": "lost"})
    lost = watch.value("SELECT max(id) FROM wsmigrate_message")

    def is_deleted() -> bool:
        sender.group_send("elsewhere", {"type": "t"})
        return not watch.value("SELECT count(*) FROM wsmigrate_message WHERE id <= %s", lost)

    within(PATIENCE_S, is_deleted, "deleting what is older than the retention")
    frozen.process.wake()
    within(PATIENCE_S, lambda: bool(channel.failures()), "the gap")
    sender.group_send("room", {"type": "after"})
    assert channel.take_all(PATIENCE_S) == [{"type": "after"}]
    assert channel.failures() == ["LayerGapError"]


def test_what_killed_processes_have_left_is_deleted(
    new_process: NewProcess, setup: LayerSetup, watch: Watch
) -> None:
    brief = setup.but(heartbeat=0.3, dead_after=1.5)
    killed, survivor = (new_process().layer(brief) for _ in range(2))
    killed.open()
    survivor.open()
    assert watch.rows("wsmigrate_reader") == 2
    killed.process.kill()

    def is_reaped() -> bool:
        survivor.group_send("room", {"type": "t"})
        return watch.rows("wsmigrate_reader") == 1

    within(PATIENCE_S, is_reaped, "reaping the killed process")


def test_reconnects_are_counted(layer: Layer, watch: Watch) -> None:
    layer.member("room")
    assert layer.process.do("attribute", layer.handle, "reconnects") == 0
    watch.terminate_all()
    within(
        PATIENCE_S,
        lambda: layer.process.do("attribute", layer.handle, "reconnects") == 1,
        "a new connection",
    )


def test_a_layer_whose_database_is_replaced_by_an_empty_one_takes_new_members(
    layer: Layer, new_process: NewProcess, setup: LayerSetup, watch: Watch
) -> None:
    """The ids of the other database begin anew, below those that this process has sent."""
    before = layer.member("room")
    for number in range(20):
        layer.group_send("room", {"type": "t", "number": number})
    before.take(20)
    empty_log(watch)
    within(PATIENCE_S, lambda: "LayerGapError" in before.failures(), "the gap is told")
    after = layer.member("room")
    other = new_process().layer(setup)
    other.group_send("room", {"type": "t", "number": 20})
    assert after.take(within_s=10) == [{"type": "t", "number": 20}]
    assert before.take(within_s=10) == [{"type": "t", "number": 20}]


def empty_log(watch: Watch) -> None:
    """What a process sees that comes to an empty database after a failover."""
    watch.value(
        "WITH other AS (UPDATE wsmigrate_log SET key = 'another' || left(key, 8) RETURNING 1)"
        " SELECT setval('wsmigrate_message_id', 1, false) FROM other"
    )
    watch.value("WITH d AS (DELETE FROM wsmigrate_message RETURNING 1) SELECT count(*) FROM d")
    watch.value("WITH d AS (DELETE FROM wsmigrate_horizon RETURNING 1) SELECT count(*) FROM d")
    watch.terminate_all()


@pytest.mark.parametrize("before", ["\n", " \t\r\n  "])
def test_an_event_in_sql_may_begin_with_white_space(
    layer: Layer, watch: Watch, before: str
) -> None:
    channel = layer.member("room")
    watch.value("SELECT wsmigrate_group_send('room', %s::json)", before + '{"type": "t"}')
    assert channel.take() == [{"type": "t"}]
    assert channel.failures() == []


def test_every_process_can_tell_that_the_layer_was_flushed(
    layer: Layer, new_process: NewProcess, setup: LayerSetup
) -> None:
    """The groups of its channels are gone, which it learns in no other way."""
    layer.member("room")
    new_process().layer(setup).call("flush")

    def flushes() -> int:
        return int(layer.process.do("attribute", layer.handle, "flushes"))

    within(PATIENCE_S, lambda: flushes() == 1, "the flush is counted")
