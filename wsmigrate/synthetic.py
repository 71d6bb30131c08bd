"""Synthetic rooms: those that gates post to and listen in, so that a quiet site gives figures too.

Their names are always the same, one for each inbox, so that however often gates are asked no more
than that many exchanges come of it. Whoever gets in may hear them; there is nothing in them.
"""

from __future__ import annotations

import itertools

from wsmigrate.topology import inbox_index_of_room

_PREFIX = "wsmigrate-synthetic-"


def synthetic_rooms(inboxes: int) -> tuple[str, ...]:
    """A room for each of so many inboxes, in their order."""
    found: dict[int, str] = {}
    for number in itertools.count():
        room = f"{_PREFIX}{number}"
        found.setdefault(inbox_index_of_room(room, inboxes), room)
        if len(found) == inboxes:
            return tuple(found[index] for index in range(inboxes))
    raise AssertionError("count() does not end")


def is_synthetic_room(room: str) -> bool:
    """Whether a room is none of the site's."""
    return room.startswith(_PREFIX)
