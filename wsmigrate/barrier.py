"""The markers of the barrier: what follows the last relayed message out of each inbox.

A marker is a message like any other, published to an exchange of its own that is bound to one
inbox, so no bridge has to know of it. It comes into the group of that name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from wsmigrate.topology import DEFAULT_INBOX_PREFIX


@dataclass(frozen=True)
class Marker:
    """All that was published to ``both`` before the state's ``revision``, and that went by the
    inbox with this number, has come out before it."""

    inbox: int
    revision: int
    prefix: str = DEFAULT_INBOX_PREFIX

    @property
    def room(self) -> str:
        """The exchange that it is published to; bound to its inbox alone."""
        return barrier_room(self.inbox, self.prefix)

    @property
    def text(self) -> str:
        """The body of its message."""
        return json.dumps({"inbox": self.inbox, "revision": self.revision})


def barrier_room(inbox: int, prefix: str = DEFAULT_INBOX_PREFIX) -> str:
    """The exchange, and room, of the markers of an inbox. ``prefix`` is that of the site's inboxes:
    the markers of another site on the same broker are for other processes."""
    return f"{prefix}.barrier.{inbox}"


def is_barrier_room(room: str, prefix: str = DEFAULT_INBOX_PREFIX) -> bool:
    """Whether a room is reserved for markers, so that no client may be in it."""
    return room.startswith(f"{prefix}.barrier.")


def marker_of(room: str, text: str, prefix: str = DEFAULT_INBOX_PREFIX) -> Marker | None:
    """The marker in a message; None where it is none."""
    if not is_barrier_room(room, prefix):
        return None
    try:
        said = json.loads(text)
        marker = Marker(int(said["inbox"]), int(said["revision"]), prefix)
    except (ValueError, KeyError, TypeError):
        return None
    return marker if marker.room == room else None
