"""The markers of the barrier: what follows the last relayed message out of each inbox.

A marker is a message like any other, published to an exchange of its own that is bound to one
inbox, so no bridge has to know of it. It comes into the group of that name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

_PREFIX = "wsmigrate.barrier."


@dataclass(frozen=True)
class Marker:
    """All that was published to ``both`` before the state's ``revision``, and that went by the
    inbox with this number, has come out before it."""

    inbox: int
    revision: int

    @property
    def room(self) -> str:
        """The exchange that it is published to; bound to its inbox alone."""
        return barrier_room(self.inbox)

    @property
    def text(self) -> str:
        """The body of its message."""
        return json.dumps({"inbox": self.inbox, "revision": self.revision})


def barrier_room(inbox: int) -> str:
    """The exchange, and room, of the markers of an inbox."""
    return f"{_PREFIX}{inbox}"


def is_barrier_room(room: str) -> bool:
    """Whether a room is reserved for markers, so that no client may be in it."""
    return room.startswith(_PREFIX)


def marker_of(room: str, text: str) -> Marker | None:
    """The marker in a message; None where it is none."""
    if not is_barrier_room(room):
        return None
    try:
        said = json.loads(text)
        marker = Marker(int(said["inbox"]), int(said["revision"]))
    except (ValueError, KeyError, TypeError):
        return None
    return marker if marker.room == room else None
