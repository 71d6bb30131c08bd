"""What was posted, room by room, in order: the sequence of frames that every client should get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

USER_FIELDS = ("id", "username", "email", "first_name", "last_name")


@dataclass(frozen=True)
class Posted:
    """A message whose POST began at ``sent_at`` (time.perf_counter), and the frame payload that it
    has to become."""

    payload: bytes
    sent_at: float


def expected_payload(user: Mapping[str, Any], text: str) -> bytes:
    """The payload of the frame for a message of ``user``, who is as the sign-up answered."""
    sender = {field: user[field] for field in USER_FIELDS}
    return json.dumps({"user": sender, "message": text}).encode("utf-8")


class Ledger:
    """The canonical order of each room: that of its POST requests, of which there is only ever one
    under way in a room.

    A message is entered before its request is sent: a frame can come sooner than the answer.
    """

    def __init__(self) -> None:
        self._posted: dict[str, list[Posted]] = {}
        self._payloads: dict[str, dict[bytes, bytes]] = {}

    def enter(self, room: str, payload: bytes, sent_at: float) -> None:
        """Add a message to the end of the room's sequence."""
        known = self._payloads.setdefault(room, {})
        payload = known.setdefault(payload, payload)
        self._posted.setdefault(room, []).append(Posted(payload, sent_at))

    def posted(self, room: str) -> tuple[Posted, ...]:
        """The room's messages so far."""
        return tuple(self._posted.get(room, ()))

    def count(self, room: str) -> int:
        """How many messages the room has had."""
        return len(self._posted.get(room, ()))

    def payload_at(self, room: str, place: int) -> bytes | None:
        """The payload that belongs at a place of the room's sequence, None beyond its end."""
        posted = self._posted.get(room, ())
        return posted[place].payload if place < len(posted) else None

    def shared(self, room: str, payload: bytes) -> bytes:
        """An equal object that the ledger holds already, or the payload itself: 40 clients need not
        hold 40 copies of each 200 kB."""
        return self._payloads.get(room, {}).get(payload, payload)

    @property
    def published(self) -> int:
        """How many messages there are in all rooms."""
        return sum(len(posted) for posted in self._posted.values())
