"""What a message of the benchmark says: who sent it, as which one, and when.

Fixed places, so that a client that has hardly any time for a frame finds what it needs.
"""

from __future__ import annotations

from typing import NamedTuple

MEASURED_BYTES = 200
"""Size of a message that is measured: about a chat message in JSON. One byte a character."""

GREETING_BYTES = 32
"""Size of a message that only finds out whether a room is delivered to. Never counted."""


class Stamp(NamedTuple):
    """``phase`` counts the loads of a run, ``sequence`` the messages of a sender in it, from 0.
    ``at_ns`` is a time of time.monotonic_ns(), which all processes of a machine share."""

    phase: int
    sender: int
    sequence: int
    at_ns: int


def measured_text(stamp: Stamp) -> str:
    """The text of a message."""
    head = f"{stamp.phase:04d}{stamp.sender:04d}{stamp.sequence:09d}{stamp.at_ns:020d}"
    return head.ljust(MEASURED_BYTES, ".")


def stamp_of_payload(payload: bytes) -> Stamp:
    """The stamp of a frame's payload. Raises ValueError for what is no message of ours."""
    return Stamp(int(payload[:4]), int(payload[4:8]), int(payload[8:17]), int(payload[17:37]))


def greeting_text() -> str:
    """The text of a greeting."""
    return "hello".ljust(GREETING_BYTES, ".")
