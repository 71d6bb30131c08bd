"""How an application wires a room in RabbitMQ: where it publishes, and how that names the room."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsmigrate.errors import ConfigError
from wsmigrate.rooms import RoomError

FORWARDED_ROOM_HEADER = "x-wsmigrate-room"
"""The AMQP header with the room of a message that was taken from the room's own queue."""

_SLOT = "{room}"
_WILDCARDS = frozenset({"*", "#"})


class RoomForm(str, enum.Enum):
    """How the application wires a room in RabbitMQ."""

    FANOUT = "fanout"  # a fanout exchange with the room's name
    TOPIC = "topic"  # one topic exchange, a routing key per room
    DIRECT = "direct"  # one direct exchange, a routing key per room
    QUEUE = "queue"  # a queue per room, which one consumer takes from


@dataclass(frozen=True)
class Place:
    """Where a message to a room is published."""

    exchange: str
    routing_key: str


@dataclass(frozen=True)
class RoomWiring:
    """The wiring of all rooms.

    ``exchange`` is the one exchange of the forms ``topic`` and ``direct``. ``key`` is the routing
    key of a room in these, and the name of its queue in the form ``queue``, with ``{room}`` once in
    it. ``durable`` says how exchange and queues are declared where they do not exist yet: those
    that exist are used as they are.
    """

    form: RoomForm = RoomForm.FANOUT
    exchange: str = ""
    key: str = _SLOT
    durable: bool = False

    def __post_init__(self) -> None:
        if self.key.count(_SLOT) != 1:
            raise ConfigError(
                f"WSMIGRATE['ROOM_KEY'] is {self.key!r}, and has to hold {_SLOT} once."
            )
        if self.has_keys and not self.exchange:
            raise ConfigError(
                f"WSMIGRATE['ROOM_FORM'] is {self.form.value!r}, and no exchange is named.",
                remedy="Set WSMIGRATE['ROOM_EXCHANGE'] to the exchange that is published to.",
            )
        if self.form is RoomForm.TOPIC and has_wildcard(self.key.replace(_SLOT, "room")):
            raise ConfigError(f"WSMIGRATE['ROOM_KEY'] is {self.key!r}, which has a wildcard.")

    @property
    def has_keys(self) -> bool:
        """Whether rooms share one exchange, and differ in their routing keys."""
        return self.form in (RoomForm.TOPIC, RoomForm.DIRECT)

    def place_of(self, room: str) -> Place:
        """Where messages to a room are published.

        Raises RoomError for a room whose key would be a wildcard: who listened to it would hear
        other rooms.
        """
        if self.form is RoomForm.FANOUT:
            return Place(room, "")
        key = self.key.replace(_SLOT, room)
        if len(key.encode("utf-8")) > 255:
            raise RoomError(room, "its routing key has more than 255 bytes")
        if self.form is RoomForm.QUEUE:
            return Place("", key)
        if self.form is RoomForm.TOPIC and has_wildcard(key):
            raise RoomError(room, "its routing key would be a wildcard")
        return Place(self.exchange, key)

    def room_of(self, exchange: str, routing_key: str, headers: Mapping[str, Any]) -> str:
        """The room of a message that reached an inbox; "" where that cannot be told."""
        if self.form is RoomForm.FANOUT:
            return exchange
        if self.form is RoomForm.QUEUE:
            room = headers.get(FORWARDED_ROOM_HEADER)
            return room if isinstance(room, str) else ""
        before, _, after = self.key.partition(_SLOT)
        if not (routing_key.startswith(before) and routing_key.endswith(after)):
            return ""
        return routing_key[len(before) : len(routing_key) - len(after)]


def has_wildcard(key: str) -> bool:
    """Whether a word of a topic's key stands for other words (RabbitMQ's tutorial on topics)."""
    return not _WILDCARDS.isdisjoint(key.split("."))
