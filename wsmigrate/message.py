"""A message on its way from RabbitMQ to a socket, and the layer event that carries it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsmigrate.rooms import RoomError, checked_room

DEFAULT_EVENT_NAME = "notifs_websocket_message"
"""django-notifs' default for NOTIFICATIONS_WEBSOCKET_EVENT_NAME."""

DEFAULT_MAX_MESSAGE_BYTES = 8 << 20


class Via(str, enum.Enum):
    """The way by which a copy of a message reached the layer."""

    RABBITMQ = "rabbitmq"
    CHANNELS = "channels"


@dataclass(frozen=True)
class Message:
    """One message of a room. ``text`` is the payload of the frame, to the letter."""

    id: str
    room: str
    text: str
    via: Via


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
    return Message(message_id or f"{inbox}:{offset}", room, text, Via.RABBITMQ)


def event_of_message(message: Message, event_name: str) -> dict[str, Any]:
    """The layer event: django-notifs' own, with keys of ours that its consumer ignores."""
    return {
        "type": event_name,
        "message": message.text,
        "id": message.id,
        "room": message.room,
        "via": message.via.value,
    }


def message_of_event(event: Mapping[str, Any]) -> Message:
    """The message in a layer event. Raises ValueError where it is not one of ours."""
    fields = {key: event.get(key) for key in ("id", "room", "message", "via")}
    wrong = sorted(key for key, value in fields.items() if not isinstance(value, str))
    if wrong:
        raise ValueError(f"the layer event has no text under {', '.join(wrong)}")
    return Message(
        str(fields["id"]), str(fields["room"]), str(fields["message"]), Via(fields["via"])
    )
