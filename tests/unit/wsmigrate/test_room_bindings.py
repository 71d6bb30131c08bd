from __future__ import annotations

from dataclasses import replace

import pytest

from wsmigrate.config import Config
from wsmigrate.room_bindings import RoomBindings, type_of_refusal
from wsmigrate.rooms import RoomError
from wsmigrate.wiring import RoomForm

TOPIC = replace(Config(), room_form=RoomForm.TOPIC, room_exchange="events")


def test_a_fanout_exchange_is_bound_with_the_key_of_the_process() -> None:
    (binding,) = RoomBindings(Config(), "host:1").of("lobby")
    assert (binding.exchange, binding.routing_key) == ("lobby", "host:1")
    assert "arguments" not in binding.as_amqp()


def test_where_the_key_is_the_rooms_an_argument_tells_processes_apart() -> None:
    (one,) = RoomBindings(TOPIC, "host:1").of("lobby")
    (other,) = RoomBindings(TOPIC, "host:2").of("lobby")
    assert (one.exchange, one.routing_key) == ("events", "lobby")
    assert one.as_amqp() != other.as_amqp()


def test_the_shared_exchange_is_declared_as_the_settings_say() -> None:
    exchange = RoomBindings(replace(TOPIC, room_durable=True), "host:1").exchange_of("lobby")
    assert (exchange["exchange"], exchange["exchange_type"], exchange["durable"]) == (
        "events",
        "topic",
        True,
    )


@pytest.mark.parametrize(
    ("kind", "keys"), [("topic", ["#"]), ("direct", ["", "lobby"]), ("headers", [""])]
)
def test_an_exchange_of_another_type_is_bound_so_that_all_of_it_comes(
    kind: str, keys: list[str]
) -> None:
    bindings = RoomBindings(Config(), "host:1").of("lobby", kind)
    assert [binding.routing_key for binding in bindings] == keys


def test_the_type_is_read_from_the_brokers_refusal() -> None:
    refusal = (
        "(406, \"PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': "
        "received 'fanout' but current is 'direct'\")"
    )
    assert type_of_refusal(refusal) == "direct"
    assert type_of_refusal(refusal.replace("'type'", "'durable'")) is None


@pytest.mark.parametrize("kind", ["fanout", "headers", "x-delayed-message"])
def test_one_exchange_for_all_rooms_that_takes_no_notice_of_keys_is_not_bound(kind: str) -> None:
    """Each inbox would get every message, and a room hear it once for each inbox."""
    with pytest.raises(RoomError, match="takes no notice of routing keys"):
        RoomBindings(TOPIC, "host:1").of("lobby", kind)


def test_a_wildcard_is_not_bound_to_a_topic_exchange_whatever_the_settings_call_it() -> None:
    bindings = RoomBindings(replace(TOPIC, room_form=RoomForm.DIRECT), "host:1")
    assert bindings.of("#")
    with pytest.raises(RoomError, match="wildcard"):
        bindings.of("#", "topic")


def test_all_bindings_that_a_room_may_have_are_known_to_whoever_removes_them() -> None:
    bindings = RoomBindings(Config(), "host:1")
    possible = bindings.possible("lobby")
    for kind in (None, "topic", "direct", "headers"):
        assert all(binding in possible for binding in bindings.of("lobby", kind))
    assert RoomBindings(TOPIC, "host:1").possible("lobby") == RoomBindings(TOPIC, "host:1").of(
        "lobby"
    )
