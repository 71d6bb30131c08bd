from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsmigrate.errors import ConfigError
from wsmigrate.topology import (
    MAX_INBOXES,
    ROOM_EXCHANGE,
    InboxRetention,
    inbox_arguments,
    inbox_names,
    inbox_of_room,
)


def test_room_exchanges_are_declared_as_legacy_publishers_declare_them() -> None:
    assert ROOM_EXCHANGE.exchange_type == "fanout"
    assert not ROOM_EXCHANGE.durable
    assert not ROOM_EXCHANGE.auto_delete


def test_the_inbox_of_a_room_is_fixed_for_ever() -> None:
    # The first 8 bytes of SHA-256, big-endian, modulo 8: printf lobby | openssl dgst -sha256
    assert inbox_of_room("lobby", 8) == "wsmigrate.inbox.2"
    assert inbox_of_room("café", 8) == "wsmigrate.inbox.1"


@given(st.text(min_size=1), st.integers(1, MAX_INBOXES))
def test_every_room_belongs_to_one_of_the_inboxes(room: str, count: int) -> None:
    assert inbox_of_room(room, count) in inbox_names(count)


def test_rooms_spread_over_the_inboxes() -> None:
    rooms = [inbox_of_room(f"room-{number}", 8) for number in range(800)]
    assert all(60 <= rooms.count(inbox) <= 140 for inbox in inbox_names(8))


@pytest.mark.parametrize("count", [0, -1, MAX_INBOXES + 1])
def test_a_number_of_inboxes_that_cannot_be_is_refused(count: int) -> None:
    with pytest.raises(ConfigError, match="inboxes cannot be"):
        inbox_names(count)


def test_an_inbox_is_a_stream_with_bounded_retention() -> None:
    assert inbox_arguments(InboxRetention(60, 1000, 500)) == {
        "x-queue-type": "stream",
        "x-max-age": "60s",
        "x-max-length-bytes": 1000,
        "x-stream-max-segment-size-bytes": 500,
    }


def test_a_retention_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_age_s is 0"):
        InboxRetention(max_age_s=0)
