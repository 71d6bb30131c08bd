from __future__ import annotations

from typing import Any

import pytest

from wsmigrate.message import (
    PUBLISHED_AT_HEADER,
    REVERSE_RELAYED_HEADER,
    Message,
    UnrelayableError,
    Via,
    event_of_message,
    is_reverse_relayed,
    message_of_event,
    published_at_header,
    published_at_of_headers,
    relayed_message,
)


def relay(**changes: Any) -> Message:
    delivery: dict[str, Any] = {
        "room": "lobby",
        "body": b"hello",
        "message_id": None,
        "inbox": "inbox.0",
        "offset": 7,
    }
    return relayed_message(**{**delivery, **changes})


def test_the_text_is_the_body_to_the_letter() -> None:
    assert relay(body="\u2028 h\xe9 \0\r\n".encode()).text == "\u2028 h\xe9 \0\r\n"


def test_an_empty_body_is_an_empty_text() -> None:
    assert relay(body=b"").text == ""


def test_the_id_is_the_publishers_if_there_is_one() -> None:
    assert relay(message_id="abc").id == "abc"


@pytest.mark.parametrize("nothing", [None, ""])
def test_the_id_is_inbox_and_offset_otherwise(nothing: str | None) -> None:
    assert relay(message_id=nothing).id == "inbox.0:7"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"body": b"\xff"}, "not-utf-8"),
        ({"body": b"\xed\xa0\x80"}, "not-utf-8"),  # a surrogate
        ({"body": b"123456", "max_bytes": 5}, "too-large"),
        ({"room": ""}, "no-room"),
        ({"room": "amq.fanout"}, "no-room"),
    ],
)
def test_what_cannot_become_a_text_frame_is_told_with_a_reason(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UnrelayableError) as caught:
        relay(**changes)
    assert caught.value.reason == reason


def test_a_body_at_the_limit_is_relayed() -> None:
    assert relay(body=b"12345", max_bytes=5).text == "12345"


def test_an_event_is_django_notifs_own_with_keys_of_ours() -> None:
    event = event_of_message(Message("id-1", "lobby", "text", Via.RABBITMQ), "an_event")
    assert event["type"] == "an_event"
    assert event["message"] == "text"
    assert all(isinstance(value, str) for value in event.values())


@pytest.mark.parametrize("via", list(Via))
def test_a_message_survives_the_way_through_the_layer(via: Via) -> None:
    message = Message("id-1", "lobby", "text", via)
    assert message_of_event(event_of_message(message, "an_event")) == message


def test_the_time_of_publishing_comes_along_where_it_is_known() -> None:
    message = relay(published_at=1700000000.123)
    event = event_of_message(message, "an_event")
    assert message_of_event(event).published_at == event["published_at"] == 1700000000.123
    assert "published_at" not in event_of_message(relay(), "an_event")


@pytest.mark.parametrize("time", ["soon", "9" * 400, True, float("nan"), 10**400, -1, None, [1]])
def test_a_time_that_is_none_does_not_hold_up_a_message(time: object) -> None:
    event = event_of_message(relay(), "an_event")
    assert message_of_event({**event, "published_at": time}).published_at is None
    assert published_at_of_headers({PUBLISHED_AT_HEADER: time}) is None


def test_the_header_tells_the_time_to_the_millisecond() -> None:
    headers = {PUBLISHED_AT_HEADER: published_at_header(1700000000.1234)}
    assert headers == {PUBLISHED_AT_HEADER: "1700000000123"}
    assert published_at_of_headers(headers) == 1700000000.123
    assert published_at_of_headers({PUBLISHED_AT_HEADER: 1700000000123}) == 1700000000.123
    assert published_at_of_headers(None) is None


@pytest.mark.parametrize("missing", ["id", "room", "message", "via"])
def test_an_event_that_is_not_ours_is_refused_by_what_it_lacks(missing: str) -> None:
    event = event_of_message(Message("id-1", "lobby", "text", Via.RABBITMQ), "an_event")
    del event[missing]
    with pytest.raises(ValueError, match=missing):
        message_of_event(event)


def test_an_event_says_that_it_is_the_copy_of_a_message_that_went_to_rabbitmq_too() -> None:
    copy = Message("id", "room", "text", Via.CHANNELS, is_copy=True)
    event = event_of_message(copy, "an_event")
    assert message_of_event(event) == copy
    assert "copy" not in event_of_message(copy._replace(is_copy=False), "an_event")


def test_an_event_says_which_revision_its_publisher_acted_on() -> None:
    message = Message("id", "room", "text", Via.CHANNELS, revision=7)
    event = event_of_message(message, "an_event")
    assert message_of_event(event) == message
    assert "revision" not in event_of_message(message._replace(revision=None), "an_event")


@pytest.mark.parametrize("revision", ["7", True, 7.0, None])
def test_a_revision_that_is_none_does_not_hold_up_a_message(revision: object) -> None:
    event = event_of_message(Message("id", "room", "text", Via.CHANNELS), "an_event")
    assert message_of_event({**event, "revision": revision}).revision is None


def test_what_was_relayed_has_no_revision() -> None:
    event = event_of_message(relay(), "an_event")
    assert message_of_event({**event, "revision": 7}).revision is None


def test_what_the_reverse_relay_has_published_is_marked_by_a_header() -> None:
    assert is_reverse_relayed({REVERSE_RELAYED_HEADER: "1"})
    assert not is_reverse_relayed({"other": "1"})
    assert not is_reverse_relayed(None)
