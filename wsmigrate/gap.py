"""Gaps of an inbox: how the servers hear that messages did not stay until they were relayed.

A bridge does not know which rooms the missing messages were for. It sends one event, in the place
of the missing messages, to a group that every server process is in; each closes the sockets of the
rooms of that inbox with 1012 (see docs/promises.md). Where the inbox itself was gone, its bindings
went with it: the servers bind these rooms again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsmigrate.rooms import group_of_room

# No room holds a slash, so this is the group of none.
GAPS_GROUP = group_of_room("/gaps")
_TYPE = "wsmigrate.gap"


@dataclass(frozen=True)
class InboxGap:
    """An inbox lacks messages. ``is_unbound``: it was gone, and its bindings with it."""

    inbox: str
    is_unbound: bool = False


def event_of_gap(gap: InboxGap) -> dict[str, Any]:
    """The event for ``GAPS_GROUP``."""
    return {"type": _TYPE, "inbox": gap.inbox, **({"unbound": True} if gap.is_unbound else {})}


def gap_of_event(event: Mapping[str, Any]) -> InboxGap | None:
    """The gap that an event tells of; None for any other event."""
    if event.get("type") != _TYPE:
        return None
    return InboxGap(str(event.get("inbox", "")), event.get("unbound") is True)
