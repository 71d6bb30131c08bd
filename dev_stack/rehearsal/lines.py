"""What is said in a rehearsal: each message names itself, so that any frame can be accounted for.

``<publisher>:<room>:<number>:<size> <padding>``, where ``room`` is the room's place in the load,
and numbers of one publisher in one room go up by one. The whole message follows from these four.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_HEAD = re.compile(r"(?P<publisher>[a-z]+\d+):(?P<room>\d+):(?P<number>\d+):(?P<size>\d+) ")


@dataclass(frozen=True)
class Key:
    """Which message it is."""

    publisher: str
    room: int
    number: int


def said(publisher: str, room: int, number: int, size: int) -> str:
    """A message of ``size`` characters, or a little more where its head is longer."""
    head = f"{publisher}:{room}:{number}:{size} "
    return (head * (size // len(head) + 1))[: max(size, len(head))]


def key_of(payload: bytes) -> tuple[Key, bool] | None:
    """Which message a frame holds, and whether it says what was published, byte for byte where the
    frame is the message alone. None for a frame of somebody else.

    The sample site's frames hold more than the message: of those only the message is looked at.
    """
    try:
        value = json.loads(payload)
    except ValueError:
        return None
    text = value.get("message") if isinstance(value, dict) else value
    found = _HEAD.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    publisher, room, number = found["publisher"], int(found["room"]), int(found["number"])
    expected = said(publisher, room, number, int(found["size"]))
    as_said = text == expected and (isinstance(value, dict) or payload == frame_of(expected))
    return Key(publisher, room, number), as_said


def frame_of(text: str) -> bytes:
    """The payload of the frame that comes of ``notify()``: the text as JSON."""
    return json.dumps(text).encode()
