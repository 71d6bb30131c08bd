from __future__ import annotations

from typing import Any

import pytest

from wsmigrate.errors import ConfigError
from wsmigrate.rooms import RoomError
from wsmigrate.wiring import FORWARDED_ROOM_HEADER, Place, RoomForm, RoomWiring

TOPIC = RoomWiring(RoomForm.TOPIC, "events", "chat.{room}.new")


def test_by_default_a_room_is_a_fanout_exchange_of_its_name() -> None:
    wiring = RoomWiring()
    assert wiring.place_of("lobby") == Place("lobby", "")
    assert wiring.room_of("lobby", "whatever", {}) == "lobby"


@pytest.mark.parametrize("form", [RoomForm.TOPIC, RoomForm.DIRECT])
@pytest.mark.parametrize("room", ["lobby", "lobby.one", "ünï", "a" * 100])
def test_a_routing_key_leads_to_the_room_and_back(form: RoomForm, room: str) -> None:
    wiring = RoomWiring(form, "events", "chat.{room}.new")
    place = wiring.place_of(room)
    assert place == Place("events", f"chat.{room}.new")
    assert wiring.room_of(place.exchange, place.routing_key, {}) == room


@pytest.mark.parametrize("key", ["other.lobby.new", "chat.lobby", "chat..ne"])
def test_a_key_of_something_else_names_no_room(key: str) -> None:
    assert TOPIC.room_of("events", key, {}) == ""


@pytest.mark.parametrize("room", ["*", "#", "a.#", "a.*.b"])
def test_a_room_that_would_hear_other_rooms_is_refused(room: str) -> None:
    with pytest.raises(RoomError, match="wildcard"):
        RoomWiring(RoomForm.TOPIC, "events").place_of(room)


def test_in_a_direct_exchange_nothing_is_a_wildcard() -> None:
    assert RoomWiring(RoomForm.DIRECT, "events").place_of("#") == Place("events", "#")


def test_a_message_from_a_rooms_own_queue_names_the_room_in_a_header() -> None:
    wiring = RoomWiring(RoomForm.QUEUE, key="chat-{room}")
    assert wiring.place_of("lobby") == Place("", "chat-lobby")
    assert wiring.room_of("", "inbox", {FORWARDED_ROOM_HEADER: "lobby"}) == "lobby"
    assert wiring.room_of("", "inbox", {}) == ""


def test_a_key_that_is_too_long_for_amqp_is_refused() -> None:
    with pytest.raises(RoomError, match="255 bytes"):
        TOPIC.place_of("x" * 250)


@pytest.mark.parametrize(
    "wiring",
    [
        {"form": RoomForm.TOPIC},
        {"form": RoomForm.DIRECT},
        {"form": RoomForm.TOPIC, "exchange": "e", "key": "no room"},
        {"form": RoomForm.DIRECT, "exchange": "e", "key": "{room}{room}"},
        {"form": RoomForm.TOPIC, "exchange": "e", "key": "#.{room}"},
    ],
)
def test_a_wiring_that_cannot_be_is_refused(wiring: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        RoomWiring(**wiring)
