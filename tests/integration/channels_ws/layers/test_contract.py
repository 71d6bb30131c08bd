"""The contract of channel layers, over all kinds: one test for each promise.

Which kind does not hold which promise stands in layer_promises.py. ``layer`` and ``elsewhere`` are
the same kind of layer in two processes.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from layer_kinds import LayerSetup
from layer_process import QUIET_S, Layer, LayerFailed, LayerProcess

from layer_promises import Promise

promise = pytest.mark.promise
Processes = tuple[LayerProcess, LayerProcess]

HELLO = {"type": "hello"}


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"type": "t", "number": number} for number in range(count)]


@promise(Promise.SEND)
def test_what_is_sent_is_received_once(layer: Layer, patience_s: float) -> None:
    channel = layer.open()
    layer.send(channel.name, HELLO)
    assert channel.take_all(patience_s) == [HELLO]


@promise(Promise.ORDER)
def test_what_one_sender_sends_arrives_in_order(layer: Layer, patience_s: float) -> None:
    channel = layer.open()
    for message in numbered(200):
        layer.send(channel.name, message)
    assert channel.take(200, patience_s) == numbered(200)


@promise(Promise.WAITS)
def test_what_is_sent_before_anybody_receives_waits(layer: Layer, patience_s: float) -> None:
    other = layer.open()
    channel = layer.new_channel()
    for message in numbered(3):
        layer.send(channel, message)
    layer.send(other.name, HELLO)
    assert other.take(1, patience_s) == [HELLO]  # so the process has seen the others too
    assert layer.collect(channel, 3, patience_s) == numbered(3)


@promise(Promise.VALUES)
def test_values_arrive_as_they_were_sent(layer: Layer, patience_s: float) -> None:
    message = {
        "type": "t",
        "text": "é€😀\0\n",
        "bytes": b"\x00\xff",
        "none": None,
        "numbers": [0, -1, 2**63 - 1, 0.1, True],
        "map": {"nested": {"deep": []}},
    }
    channel = layer.open()
    layer.send(channel.name, message)
    assert channel.take(1, patience_s) == [message]


@promise(Promise.LARGE)
def test_a_message_of_1_mb_arrives(layer: Layer, group: str, patience_s: float) -> None:
    channel = layer.member(group)
    message = {"type": "t", "text": "0123456789" * 100_000}
    layer.group_send(group, message)
    assert channel.take(1, patience_s) == [message]


@promise(Promise.SLOW)
def test_1000_messages_wait_for_a_member_that_is_slow(
    layer: Layer, group: str, patience_s: float
) -> None:
    channel = layer.member(group)
    channel.pause()
    call = ("call", layer.handle, "group_send", group)
    sending = [layer.process.begin(*call, message) for message in numbered(1000)]
    for one in sending:
        layer.process.result(one, "group_send")
    channel.resume()
    got = channel.take(1000, patience_s)
    assert sorted(event["number"] for event in got) == list(range(1000))


@promise(Promise.CANCELLED)
def test_a_receive_that_is_cancelled_loses_no_message(layer: Layer, patience_s: float) -> None:
    channel = layer.new_channel()
    # Often enough to meet a layer that gives a message away, to who does not wait any more.
    for number in range(5):
        waiting = layer.begin_receive(channel)
        with pytest.raises(TimeoutError):
            waiting.result(0.1)
        layer.process.cancel(waiting)
        layer.send(channel, {"type": "t", "number": number})
        assert layer.receive(channel, patience_s) == {"type": "t", "number": number}


@promise(Promise.GROUP)
def test_a_message_to_a_group_reaches_each_member_once(
    layer: Layer, group: str, patience_s: float
) -> None:
    members = [layer.member(group) for _ in range(3)]
    outsider = layer.member(f"{group}-not")
    layer.group_send(group, HELLO)
    assert [member.take_all(patience_s) for member in members] == [[HELLO]] * 3
    assert outsider.take_all() == []


@promise(Promise.GROUP_TWICE)
def test_who_was_added_twice_gets_one_copy(layer: Layer, group: str, patience_s: float) -> None:
    channel = layer.member(group)
    layer.call("group_add", group, channel.name)
    layer.group_send(group, HELLO)
    assert channel.take_all(patience_s) == [HELLO]


@promise(Promise.GROUP_LEFT)
def test_who_has_left_gets_nothing_more(layer: Layer, group: str, patience_s: float) -> None:
    gone, stays = layer.member(group), layer.member(group)
    layer.call("group_discard", group, gone.name)
    layer.group_send(group, HELLO)
    assert stays.take_all(patience_s) == [HELLO]
    assert gone.take_all() == []


@promise(Promise.GROUP_EMPTY)
def test_a_group_without_members_is_no_error(layer: Layer, group: str, patience_s: float) -> None:
    channel = layer.open()
    layer.group_send(group, {"type": "nobody hears"})
    layer.call("group_discard", group, channel.name)
    # Joining is local with some layers: what was sent a moment before may still be on its way.
    layer.send(channel.name, {"type": "all before this has come"})
    channel.take(1, patience_s)
    layer.call("group_add", group, channel.name)
    layer.group_send(group, HELLO)
    assert channel.take_all(patience_s) == [HELLO]


@promise(Promise.PROCESSES)
def test_channels_and_groups_reach_other_processes(
    layer: Layer, elsewhere: Layer, group: str, patience_s: float
) -> None:
    near, far = layer.member(group), elsewhere.member(group)
    layer.group_send(group, {"type": "to all"})
    assert far.take_all(patience_s) == [{"type": "to all"}]
    assert near.take_all(patience_s) == [{"type": "to all"}]
    elsewhere.send(near.name, {"type": "to one"})
    assert near.take_all(patience_s) == [{"type": "to one"}]
    assert far.take_all() == []


@promise(Promise.COMPETING)
def test_receivers_that_compete_get_each_message_once(
    layer: Layer, ordinary: str, patience_s: float
) -> None:
    # Often enough to meet a layer that depends on who comes first.
    for number in range(4):
        channel = f"{ordinary}-{number}"
        waiting = [layer.process.begin("collect", layer.handle, channel, 15) for _ in range(2)]
        time.sleep(QUIET_S)
        for message in numbered(30):
            layer.send(channel, message)
        got = [layer.process.result(one, "collect", patience_s) for one in waiting]
        assert sorted(event["number"] for events in got for event in events) == list(range(30))


@promise(Promise.COMPETING_PROCESSES)
def test_one_process_that_is_busy_leaves_an_ordinary_channel_to_the_others(
    layer: Layer, elsewhere: Layer, ordinary: str, patience_s: float
) -> None:
    busy = layer.open(ordinary)
    busy.pause()
    free = elsewhere.open(ordinary, primed=False)
    for message in numbered(10):
        layer.send(ordinary, message)
    by_others = free.take(9, patience_s)  # the busy one keeps one, or the one that it had before
    busy.resume()
    got = [*by_others, *free.take_all(), *busy.take_all()]
    assert sorted(event["number"] for event in got) == list(range(10))


@promise(Promise.ORDINARY_WAITS)
def test_an_ordinary_channel_waits_for_a_process_that_receives_later(
    layer: Layer, elsewhere: Layer, ordinary: str, patience_s: float
) -> None:
    other = elsewhere.open()
    for message in numbered(3):
        layer.send(ordinary, message)
    elsewhere.send(other.name, HELLO)
    assert other.take(1, patience_s) == [HELLO]  # so the process has seen the others too
    assert elsewhere.collect(ordinary, 3, patience_s) == numbered(3)


@promise(Promise.NEIGHBOURS)
def test_a_process_that_starts_takes_no_message_of_another(
    layer: Layer, setup: LayerSetup, new_process: Any, group: str, patience_s: float
) -> None:
    channel = layer.member(group)
    channel.pause()
    # Too large for a notification of PostgreSQL. The first one is taken, the second one waits.
    messages = [{"type": "t", "number": n, "text": "x" * 20_000} for n in range(2)]
    for message in messages:
        layer.group_send(group, message)
    newcomer = new_process().layer(setup).open()
    assert newcomer.take_all() == []
    channel.resume()
    assert channel.take(2, patience_s) == messages


@promise(Promise.EXPIRY)
def test_what_is_older_than_expiry_is_not_delivered(
    processes: Processes, setup: LayerSetup, patience_s: float
) -> None:
    layer = processes[0].layer(setup.but(expiry=1))
    channel = layer.new_channel()
    layer.send(channel, {"type": "first"})
    layer.send(channel, {"type": "old"})
    assert layer.receive(channel, patience_s) == {"type": "first"}
    time.sleep(2.2)  # some count in whole seconds
    layer.send(channel, {"type": "new"})
    assert layer.receive(channel, patience_s) == {"type": "new"}


@promise(Promise.FLUSH)
def test_flush_removes_messages_and_groups(
    new_process: Any, setup: LayerSetup, group: str, patience_s: float
) -> None:
    layer = new_process().layer(setup)  # some begin anew with it
    channel = layer.member(group)
    channel.pause()
    layer.group_send(group, {"type": "taken"})
    layer.group_send(group, {"type": "flushed"})
    assert channel.take(1, patience_s) == [{"type": "taken"}]
    layer.call("flush")
    channel.resume()
    layer.group_send(group, {"type": "nobody is in the group"})
    layer.send(channel.name, {"type": "new"})
    assert channel.take_all(patience_s) == [{"type": "new"}]


@promise(Promise.ENCRYPTED)
def test_only_who_has_the_key_reads_a_message(
    processes: Processes, setup: LayerSetup, group: str, patience_s: float
) -> None:
    ours, theirs = (setup.but(symmetric_encryption_keys=[key]) for key in ("ours", "theirs"))
    sender, friend = processes[0].layer(ours), processes[1].layer(ours).member(group)
    stranger = processes[1].layer(theirs).member(f"{group}-other")
    sender.group_send(group, {"type": "secret"})
    sender.group_send(f"{group}-other", {"type": "secret"})
    assert friend.take(1, patience_s) == [{"type": "secret"}]
    assert stranger.take_all() == []


@promise(Promise.ROTATION)
def test_old_keys_still_read_and_the_first_one_writes(
    processes: Processes, setup: LayerSetup, group: str, patience_s: float
) -> None:
    before, between, after = (
        process.layer(setup.but(symmetric_encryption_keys=keys))
        for process, keys in zip(
            (*processes, processes[0]), (["old"], ["new", "old"], ["new"]), strict=True
        )
    )
    reads_both = between.member(group)
    before.group_send(group, {"type": "with the old key"})
    assert reads_both.take(1, patience_s) == [{"type": "with the old key"}]
    reads_new = after.member(f"{group}-after")
    between.group_send(f"{group}-after", {"type": "with the new key"})
    assert reads_new.take(1, patience_s) == [{"type": "with the new key"}]


@promise(Promise.NAMES)
def test_names_that_are_not_allowed_are_refused(layer: Layer, group: str) -> None:
    channel = layer.new_channel()
    accepted = []
    for name in ("", "a room", "räume", "a/b", "x" * 100):
        for method, *arguments in (
            ("send", name, HELLO),
            ("group_add", name, channel),
            ("group_discard", name, channel),
            ("group_send", name, HELLO),
        ):
            try:
                layer.call(method, *arguments)
            except LayerFailed as refused:
                if refused.kind in {"TypeError", "AssertionError"}:
                    continue
            accepted.append((method, name))
    assert accepted == []


@promise(Promise.THREADS)
def test_threads_without_an_event_loop_may_send(
    layer: Layer, group: str, patience_s: float
) -> None:
    channel = layer.member(group)
    send = ("send_from_threads", layer.handle, group, 16, 5)
    assert layer.process.do(*send, within_s=patience_s) == []
    got = channel.take(80, patience_s)
    for thread in range(16):
        assert [e["number"] for e in got if e["thread"] == thread] == list(range(5))
