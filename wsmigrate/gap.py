"""Gaps of an inbox: how the servers hear that messages did not stay until they were relayed.

A bridge does not know which rooms the missing messages were for. It sends one event, in the place
of the missing messages, to a group that every server process is in; each closes the sockets of the
rooms of that inbox with 1012 (see docs/promises.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsmigrate.rooms import group_of_room

# No room holds a slash, so this is the group of none.
GAPS_GROUP = group_of_room("/gaps")
_TYPE = "wsmigrate.gap"


def event_of_gap(inbox: str) -> dict[str, Any]:
    """The event for ``GAPS_GROUP``."""
    return {"type": _TYPE, "inbox": inbox}


def inbox_of_gap_event(event: Mapping[str, Any]) -> str | None:
    """The inbox that lacks messages; None for any other event."""
    return str(event.get("inbox", "")) if event.get("type") == _TYPE else None
