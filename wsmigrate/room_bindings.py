"""Which bindings carry a room's messages to its inbox, by how the application wires rooms. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from wsmigrate.config import Config
from wsmigrate.rooms import RoomError
from wsmigrate.topology import ROOM_EXCHANGE
from wsmigrate.wiring import Place, RoomForm, has_wildcard

_PROCESS = "x-wsmigrate-process"
"""The argument that tells the bindings of two processes apart where the routing key is the room's:
exchanges of these types take no notice of it."""
_KEYED_TYPES = (RoomForm.TOPIC.value, RoomForm.DIRECT.value)
_OTHER_TYPES = ("topic", "direct", "headers")
_CURRENT_TYPE = re.compile(r"inequivalent arg 'type' .* but current is '([\w-]+)'", re.DOTALL)


@dataclass(frozen=True)
class Binding:
    """A binding of an inbox to an exchange."""

    inbox: str
    exchange: str
    routing_key: str
    arguments: dict[str, Any] = field(default_factory=dict, hash=False)

    def as_amqp(self) -> dict[str, Any]:
        """For ``queue_bind`` and ``queue_unbind``."""
        return {
            "queue": self.inbox,
            "exchange": self.exchange,
            "routing_key": self.routing_key,
            **({"arguments": self.arguments} if self.arguments else {}),
        }


class RoomBindings:
    """The bindings of one process, whose key tells them from those of others, so that one process
    that unbinds does not take the room from another."""

    def __init__(self, config: Config, key: str) -> None:
        self._config = config
        self._wiring = config.wiring
        self._key = key

    def exchange_of(self, room: str) -> dict[str, Any]:
        """How the exchange of a room is declared where it does not exist. Raises RoomError."""
        wiring = self._wiring
        if wiring.form is RoomForm.FANOUT:
            kind, durable = ROOM_EXCHANGE.exchange_type, ROOM_EXCHANGE.durable
        else:
            kind, durable = wiring.form.value, wiring.durable
        return {
            "exchange": wiring.place_of(room).exchange,
            "exchange_type": kind,
            "durable": durable,
            "auto_delete": ROOM_EXCHANGE.auto_delete,
        }

    def of(self, room: str, exchange_type: str | None = None) -> list[Binding]:
        """The bindings of a room. ``exchange_type`` is that of an exchange which is there already
        and is another than expected. Raises RoomError, also where that one would give every message
        to every inbox."""
        if self._wiring.form is RoomForm.QUEUE:
            return []  # the default exchange cannot be bound
        place = self._wiring.place_of(room)
        kind = exchange_type or self._wiring.form.value
        if self._wiring.has_keys:
            self._check_keyed(room, kind, place)
        if kind == "fanout":
            return [Binding(self._config.inbox_of(room), place.exchange, self._key)]
        keys: tuple[str, ...] = (place.routing_key,)
        arguments: dict[str, Any] = {_PROCESS: self._key}
        if self._wiring.form is RoomForm.FANOUT:
            # All that is published to it is the room's, whatever its key.
            keys = {"topic": ("#",), "direct": ("", room)}.get(kind, ("",))
            if kind == "headers":
                arguments["x-match"] = "all"
        inbox = self._config.inbox_of(room)
        return [Binding(inbox, place.exchange, key, arguments) for key in keys]

    def _check_keyed(self, room: str, kind: str, place: Place) -> None:
        if kind not in _KEYED_TYPES:
            raise RoomError(
                room,
                f"the exchange {place.exchange!r} is of the type {kind}, which takes no notice of "
                f"routing keys, and ROOM_FORM is {self._wiring.form.value!r}",
            )
        if kind == RoomForm.TOPIC.value and has_wildcard(place.routing_key):
            raise RoomError(room, "its routing key would be a wildcard")

    def possible(self, room: str) -> list[Binding]:
        """Those that a room may have, whatever the type of its exchange. Raises RoomError."""
        kinds = (None, *_OTHER_TYPES) if self._wiring.form is RoomForm.FANOUT else (None,)
        found: list[Binding] = []
        for kind in kinds:
            found += [binding for binding in self.of(room, kind) if binding not in found]
        return found


def type_of_refusal(reply_text: str) -> str | None:
    """The type of the exchange that is there, from the broker's refusal to declare another (406);
    None where the type is not what differs."""
    found = _CURRENT_TYPE.search(reply_text)
    return found.group(1) if found else None
