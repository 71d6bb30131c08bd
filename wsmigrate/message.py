"""A message on its way from RabbitMQ to a socket, and the layer event that carries it."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from wsmigrate.rooms import RoomError, checked_room

DEFAULT_EVENT_NAME = "notifs_websocket_message"
"""django-notifs' default for NOTIFICATIONS_WEBSOCKET_EVENT_NAME."""

DEFAULT_MAX_MESSAGE_BYTES = 8 << 20

PUBLISHED_AT_HEADER = "x-wsmigrate-published-at"
"""The AMQP header with the time of publishing, in whole milliseconds since the epoch. (AMQP's own
property ``timestamp`` counts seconds.)"""

REVERSE_RELAYED_HEADER = "x-wsmigrate-from-layer"
"""The AMQP header of what the reverse relay has published: the layer had it before."""

_TEXTS = ("id", "room", "message", "via")


class Via(str, enum.Enum):
    """The way by which a copy of a message reached the layer."""

    RABBITMQ = "rabbitmq"
    CHANNELS = "channels"


_VIAS = {via.value: via for via in Via}


class Message(NamedTuple):
    """One message of a room. ``text`` is the payload of the frame, to the letter.

    ``published_at`` is when it was published, in seconds since the epoch by the publisher's clock;
    None where the publisher does not say. ``is_copy``: it was published to RabbitMQ too, with the
    same id, and that one counts. ``revision``: of the state that its publisher acted on, for what
    was published straight to the layer; None where it follows no state.
    """

    id: str
    room: str
    text: str
    via: Via
    published_at: float | None = None
    is_copy: bool = False
    revision: int | None = None


class UnrelayableError(ValueError):
    """A message that no WebSocket client could be sent as text. ``reason`` is a short, fixed word
    for metrics and dead letters."""

    def __init__(self, reason: str, explanation: str) -> None:
        self.reason = reason
        super().__init__(explanation)


def relayed_message(
    *,
    room: str,
    body: bytes,
    message_id: str | None,
    inbox: str,
    offset: int,
    max_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
    published_at: float | None = None,
) -> Message:
    """The message that a delivery from an inbox stands for.

    Its id is the AMQP ``message_id`` if the publisher set one, else inbox and offset, which no two
    messages share. Raises UnrelayableError for what cannot become a text frame.
    """
    if len(body) > max_bytes:
        raise UnrelayableError("too-large", f"{len(body)} bytes, and the limit is {max_bytes}")
    try:
        checked_room(room)
    except RoomError as error:
        raise UnrelayableError("no-room", error.reason) from error
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        # RFC 6455, 5.6: the payload of a text frame is UTF-8.
        raise UnrelayableError("not-utf-8", "the body is not UTF-8") from None
    return Message(message_id or f"{inbox}:{offset}", room, text, Via.RABBITMQ, published_at)


def event_of_message(message: Message, event_name: str) -> dict[str, Any]:
    """The layer event: django-notifs' own, with keys of ours that its consumer ignores."""
    event: dict[str, Any] = {
        "type": event_name,
        "message": message.text,
        "id": message.id,
        "room": message.room,
        "via": message.via.value,
    }
    if message.published_at is not None:
        event["published_at"] = message.published_at
    if message.is_copy:
        event["copy"] = True
    if message.revision is not None:
        event["revision"] = message.revision
    return event


def message_of_event(event: Mapping[str, Any]) -> Message:
    """The message in a layer event. Raises ValueError where it is not one of ours."""
    get = event.get
    message_id, room, text, via = get("id"), get("room"), get("message"), get("via")
    # One check after another, and the words only where one fails: every message passes here.
    if (
        isinstance(message_id, str)
        and isinstance(room, str)
        and isinstance(text, str)
        and isinstance(via, str)
    ):
        way, copy, revision = _via(via), get("copy") is True, get("revision")
        if revision is not None and (way is Via.RABBITMQ or type(revision) is not int):
            revision = None
        return Message(message_id, room, text, way, _time(get("published_at")), copy, revision)
    wrong = sorted(key for key in _TEXTS if not isinstance(get(key), str))
    raise ValueError(f"the layer event has no text under {', '.join(wrong)}")


def published_at_header(published_at: float) -> str:
    """The value of PUBLISHED_AT_HEADER for a time in seconds: a text, because pika 0.13 reads a
    number of this size as an object whose repr() never ends."""
    return str(round(published_at * 1000))


def published_at_of_headers(headers: Mapping[str, Any] | None) -> float | None:
    """The time in the headers of a delivery, in seconds; None where there is none. Anybody may have
    written them: what is no time counts as none."""
    value = (headers or {}).get(PUBLISHED_AT_HEADER)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    milliseconds = _time(value)
    return None if milliseconds is None else milliseconds / 1000


def _via(value: str) -> Via:
    # An enumeration's own look-up takes as long as all the rest of reading an event.
    via = _VIAS.get(value)
    return Via(value) if via is None else via


def is_reverse_relayed(headers: Mapping[str, Any] | None) -> bool:
    """Whether the headers of a delivery say that it came from the layer, so that it is not to be
    relayed there."""
    return bool(headers) and REVERSE_RELAYED_HEADER in (headers or {})


def _time(value: object) -> float | None:
    if isinstance(value, float) and 0 < value < math.inf:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        time = float(value)
    except OverflowError:
        return None
    return time if math.isfinite(time) and time > 0 else None
