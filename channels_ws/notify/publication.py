"""What ``notify()`` publishes: taken from a notification's data, without any I/O."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wsmigrate.errors import WsmigrateError
from wsmigrate.rooms import checked_room

_TASKS = uuid.UUID("5d2f1c1e-7c0b-4f6a-9d0e-0f6a2f6f0a51")
"""The name space (RFC 9562, section 5.5) of ids that come of tasks."""


class NotificationDataError(WsmigrateError, KeyError):
    """``notify()`` was called without a room or a message in ``extra_data``."""

    __str__ = Exception.__str__  # KeyError's would put the sentence in quotes


@dataclass(frozen=True)
class Publication:
    """One message to publish. ``id`` is unique, and stays the same when a task is run again."""

    room: str
    text: str
    id: str

    @property
    def body(self) -> bytes:
        """The bytes that go out, and the payload of the frame that comes of them."""
        return self.text.encode("utf-8")

    def with_id_of(self, task: str) -> Publication:
        """The same, with an id that the task of this notification alone gives it, each time that it
        is run."""
        return replace(self, id=uuid.uuid5(_TASKS, task).hex)


def publication_of(
    extra_data: Mapping[str, Any], context: Mapping[str, Any], room_param: str
) -> Publication:
    """The publication of a notification, with a new id.

    The room is ``extra_data[room_param]``, the message ``extra_data["message"]``; where they are
    absent, ``destination`` and ``message`` of django-notifs 4's ``context`` are taken. The text is
    ``json.dumps(message)``. Raises NotificationDataError, RoomError, or TypeError for a message
    that JSON cannot say.
    """
    room = _first(
        (extra_data, room_param), (context, "destination"), (context, room_param), what="a room"
    )
    message = _first((extra_data, "message"), (context, "message"), what="a message")
    return Publication(checked_room(str(room)), json.dumps(message), uuid.uuid4().hex)


def _first(*places: tuple[Mapping[str, Any], str], what: str) -> Any:
    for data, key in places:
        if key in data:
            return data[key]
    keys = ", ".join(sorted({repr(key) for _, key in places}))
    raise NotificationDataError(
        f"The notification names no {what.rsplit(maxsplit=1)[-1]}.",
        then="Nothing was published.",
        remedy=f"Put {what} into extra_data of notify(), under one of the keys {keys}.",
    )


@dataclass(frozen=True)
class Stamp:
    """What a publisher says of what it sends straight to the layer: the ``revision`` of the state
    that it acted on (None: it follows none), and whether RabbitMQ has the same message, so that
    this is a copy to compare."""

    revision: int | None
    is_copy: bool = False
