from __future__ import annotations

import json
from typing import Any

import pytest

from channels_ws.notify.publication import NotificationDataError, publication_of
from wsmigrate.rooms import RoomError


def test_the_body_is_json_dumps_of_the_message_in_utf_8() -> None:
    message = {"b": "é", "a": [1.0, None]}
    publication = publication_of({"room_name": "lobby", "message": message}, {}, "room_name")
    assert publication.room == "lobby"
    assert publication.body == json.dumps(message).encode()


def test_every_notification_has_an_id_of_its_own() -> None:
    data = {"room_name": "lobby", "message": "same"}
    assert publication_of(data, {}, "room_name").id != publication_of(data, {}, "room_name").id


@pytest.mark.parametrize(
    ("extra_data", "context"),
    [
        ({"uri": "lobby", "message": "x"}, {}),
        ({}, {"destination": "lobby", "message": "x"}),
        ({}, {"uri": "lobby", "message": "x"}),
        ({"uri": "lobby", "message": "x"}, {"destination": "elsewhere", "message": "y"}),
    ],
)
def test_room_and_message_come_from_extra_data_or_else_from_the_context(
    extra_data: dict[str, Any], context: dict[str, Any]
) -> None:
    publication = publication_of(extra_data, context, "uri")
    assert (publication.room, publication.text) == ("lobby", '"x"')


@pytest.mark.parametrize(
    ("extra_data", "complaint"),
    [({"message": "x"}, "names no room"), ({"room_name": "lobby"}, "names no message")],
)
def test_what_is_missing_is_named_with_the_key_to_use(
    extra_data: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(NotificationDataError, match=f"{complaint}.*extra_data"):
        publication_of(extra_data, {}, "room_name")


def test_a_room_that_cannot_be_is_refused() -> None:
    with pytest.raises(RoomError):
        publication_of({"room_name": "", "message": "x"}, {}, "room_name")


def test_a_message_that_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        publication_of({"room_name": "lobby", "message": object()}, {}, "room_name")
