from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from wsmigrate.barrier import Marker, is_barrier_room, marker_of
from wsmigrate.config import Config, config_of_settings
from wsmigrate.errors import ConfigError


def config_with(**wsmigrate: Any) -> Config:
    return config_of_settings(SimpleNamespace(WSMIGRATE=wsmigrate), {})


@pytest.mark.parametrize(
    "given",
    [
        ["amqp://one", "amqp://two/vhost"],
        ("amqp://one", "amqp://two/vhost"),
        "amqp://one,amqp://two/vhost",
        "amqp://one, amqp://two/vhost",
    ],
)
def test_several_hosts_of_the_broker(given: Any) -> None:
    expected = [part.strip() for part in given.split(",")] if isinstance(given, str) else given
    assert config_with(AMQP_URL=given).amqp_urls == tuple(expected)


def test_the_names_of_inboxes_that_are_queues_differ_from_those_of_streams() -> None:
    streams, queues = config_with(INBOXES=2), config_with(INBOXES=2, INBOX_KIND="queue")
    assert set(streams.inbox_names).isdisjoint(queues.inbox_names)
    assert queues.inbox_of("lobby") in queues.inbox_names
    assert "x-queue-type" not in queues.inbox_arguments


def test_sites_with_prefixes_of_their_own_share_neither_inboxes_nor_markers() -> None:
    shop, forum = config_with(INBOX_PREFIX="shop"), config_with(INBOX_PREFIX="forum.1")
    assert shop.inbox_names[0] == "shop.inbox.0"
    assert len({*shop.inbox_names, *forum.inbox_names, *config_with().inbox_names}) == 24
    marker = Marker(3, 17, shop.inbox_prefix)
    assert marker_of(marker.room, marker.text, shop.inbox_prefix) == marker
    assert marker_of(marker.room, marker.text, forum.inbox_prefix) is None
    assert is_barrier_room(marker.room, shop.inbox_prefix)


def test_segments_are_small_enough_for_the_bound_of_an_inbox() -> None:
    assert config_with(INBOX_MAX_BYTES=16 << 20).retention.segment_bytes == 2 << 20
    assert config_with().retention.segment_bytes == 64 << 20


@pytest.mark.parametrize(
    ("wsmigrate", "complaint"),
    [
        ({"BRIDGE_LEASE_S": 1}, "from 2 to 300"),
        ({"BRIDGE_LEASE_S": True}, "from 2 to 300"),
        ({"BRIDGE_PREFETCH": 0}, "positive whole number"),
        ({"BRIDGE_PREFETCH": 70000}, "at most 65535"),
        ({"BRIDGE_BATCH_WAIT_MS": 2000}, "from 0 to 1000"),
        ({"INBOX_KIND": "quorum"}, "one of 'stream', 'queue'"),
        ({"INBOX_PREFIX": ""}, "1 to 64 ASCII letters"),
        ({"INBOX_PREFIX": "amq.shop"}, "not begin with 'amq.'"),
        ({"INBOX_PREFIX": "shop/1"}, "1 to 64 ASCII letters"),
        ({"INBOX_PREFIX": "s" * 65}, "1 to 64 ASCII letters"),
        ({"ROOM_FORM": "topic"}, "no exchange is named"),
        ({"ROOM_KEY": "room"}, "has to hold {room} once"),
        ({"AMQP_URL": []}, "an AMQP URL or a list of them"),
        ({"AMQP_URL": ["amqp://one", "http://two"]}, "AMQP URL"),
        ({"AMQP_URL": ["amqp://one", 3]}, "text that is not empty"),
    ],
)
def test_a_setting_that_cannot_be_is_told(wsmigrate: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        config_with(**wsmigrate)
