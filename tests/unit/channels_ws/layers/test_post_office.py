"""From the log to the mailboxes of a process."""

from __future__ import annotations

import msgpack
import pytest

from channels_ws.layers.entries import Entry
from channels_ws.layers.errors import LayerGapError
from channels_ws.layers.post_office import PostOffice

OWNER = "0123456789abcdef"
MINE = f"specific.{OWNER}!one"
OTHERS = "specific.fedcba9876543210!one"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(clock: Clock) -> PostOffice:
    return PostOffice(OWNER, 60.0, 0.0, clock)


def received(office: PostOffice, channel: str) -> list[bytes]:
    return office.mailbox("c" + channel).take(100)


def test_a_process_owns_the_channels_that_carry_its_name(office: PostOffice) -> None:
    assert office.owns(MINE)
    assert not office.owns(OTHERS)
    assert not office.owns("worker")


def test_a_message_to_a_group_reaches_each_of_its_channels_once(office: PostOffice) -> None:
    other = MINE + "2"
    for channel in (MINE, other, MINE):
        office.join("g", channel)
    office.deliver([Entry("gg", b"hello"), Entry("gother", b"no")])
    assert received(office, MINE) == [b"hello"]
    assert received(office, other) == [b"hello"]


def test_only_what_is_for_this_process_is_wanted(office: PostOffice) -> None:
    office.join("g", MINE)
    assert office.wants("gg")
    assert office.wants("c" + MINE)
    assert office.wants("m" + OWNER)
    assert not office.wants("gother")
    assert not office.wants("c" + OTHERS)
    assert not office.wants("mfedcba9876543210")


def test_messages_to_channels_of_other_processes_are_not_kept(office: PostOffice) -> None:
    office.deliver([Entry("c" + OTHERS, b"hello")])
    assert received(office, OTHERS) == []


def test_another_process_can_have_a_channel_join_and_leave(office: PostOffice) -> None:
    def change(word: str) -> Entry:
        payload = msgpack.packb({"change": word, "group": "g", "channel": MINE})
        return Entry("m" + OWNER, payload)

    office.deliver([change("add"), Entry("gg", b"in"), change("discard"), Entry("gg", b"out")])
    assert received(office, MINE) == [b"in"]


def test_a_gap_is_told_to_every_channel(office: PostOffice) -> None:
    office.join("g", MINE)
    assert received(office, MINE) == []
    office.gap()
    with pytest.raises(LayerGapError):
        received(office, MINE)


def test_a_flush_forgets_groups_and_messages(office: PostOffice) -> None:
    office.join("g", MINE)
    office.deliver([Entry("gg", b"one"), Entry("f", b""), Entry("gg", b"two")])
    assert received(office, MINE) == []


def test_a_channel_whose_messages_nobody_takes_leaves_its_groups(
    office: PostOffice, clock: Clock
) -> None:
    office.join("g", MINE)
    office.deliver([Entry("gg", b"hello")])
    clock.now = 61
    office.heartbeat()
    assert not office.wants("gg")


def test_a_receiver_that_was_taken_for_gone_and_comes_back_is_told_of_the_gap(
    office: PostOffice, clock: Clock
) -> None:
    office.join("g", MINE)
    office.deliver([Entry("gg", b"hello")])
    clock.now = 61
    office.heartbeat()
    clock.now = 120
    office.heartbeat()
    with pytest.raises(LayerGapError):
        received(office, MINE)


def test_nothing_is_kept_of_a_channel_whose_receiver_never_comes_back(
    office: PostOffice, clock: Clock
) -> None:
    office.join("g", MINE)
    office.deliver([Entry("gg", b"hello")])
    for clock.now in (61.0, 4000.0):
        office.heartbeat()
    assert vars(office)["_mailboxes"] == {}


def test_a_channel_that_is_silent_but_has_no_old_messages_is_kept(
    office: PostOffice, clock: Clock
) -> None:
    office.join("g", MINE)
    clock.now = 3600
    office.heartbeat()
    assert office.wants("gg")


def test_nothing_is_kept_of_channels_that_came_and_went(office: PostOffice) -> None:
    for number in range(100):
        channel = f"{MINE}{number}"
        office.join("g", channel)
        office.deliver([Entry("gg", b"hello")])
        assert received(office, channel) == [b"hello"]
        office.leave("g", channel)
    for _ in range(2):
        office.heartbeat()
    assert vars(office)["_mailboxes"] == {}


def test_a_silent_member_of_a_group_is_kept(office: PostOffice) -> None:
    office.join("g", MINE)
    assert received(office, MINE) == []
    for _ in range(3):
        office.heartbeat()
    office.deliver([Entry("gg", b"hello")])
    assert received(office, MINE) == [b"hello"]
