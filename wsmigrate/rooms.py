"""Rooms: what a socket subscribes to, and the names that a room has elsewhere.

A room is the request path, percent-decoded, with every ``/`` removed; the query string is no part
of it. In RabbitMQ it is an exchange of that very name; in the channel layer it is a group.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from urllib.parse import unquote_to_bytes

from wsmigrate.errors import WsmigrateError

MAX_EXCHANGE_BYTES = 255
"""An exchange name is an AMQP short string: an octet of length, then the bytes (0-9-1, 4.2.5.3)."""

MAX_GROUP_LENGTH = 88
"""What channels-postgres leaves of Channels' 100 characters, after its own prefix."""

_ROOMS_KNOWN = 8192  # names that are looked up rather than looked at again with each message
_FITS_A_GROUP = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_GROUP_LENGTH}}}")
_HASHED = re.compile(r"x-[a-z2-7]{52}")
# RabbitMQ drops CR and LF from names without a word, and neither PostgreSQL nor HAProxy takes NUL:
# two spellings would share an exchange on one side and not on the other.
_FORBIDDEN_CHARACTERS = {"\0": "NUL", "\r": "CR", "\n": "LF"}


class RoomError(WsmigrateError):
    """A room that cannot be: its exchange could not exist.

    Both servers refuse such a room at the handshake with 403.
    """

    def __init__(self, room: str, reason: str) -> None:
        self.room = room
        self.reason = reason
        super().__init__(
            f"The room {_shortened(room)!r} cannot be: {reason}.",
            remedy="Choose another name for the room.",
        )


def room_of_path(path: bytes) -> str:
    """The room of a request path as it stands on the wire (percent-encoded, no query string).

    Raises RoomError for a path that names no possible room.
    """
    return room_of_decoded_path(unquote_to_bytes(path))


def room_of_decoded_path(path: bytes) -> str:
    """The room of a path that is percent-decoded already, as WSGI and ASGI servers hand it over.

    Decoding it once more would turn ``%252F`` into a slash. Raises RoomError.
    """
    try:
        room = path.replace(b"/", b"").decode("utf-8")
    except UnicodeDecodeError:
        shown = path.decode("utf-8", "backslashreplace")
        raise RoomError(shown, "the path is not UTF-8") from None
    return checked_room(room)


@functools.lru_cache(maxsize=_ROOMS_KNOWN)
def checked_room(room: str) -> str:
    """The room itself, if an exchange of that name can exist; RoomError otherwise."""
    if not room:
        raise RoomError(room, "the name is empty, which RabbitMQ reserves")
    if room.startswith("amq."):
        raise RoomError(room, "names that begin with 'amq.' are reserved by RabbitMQ")
    if "/" in room:
        raise RoomError(room, "a room holds no slash")
    for character, name in _FORBIDDEN_CHARACTERS.items():
        if character in room:
            raise RoomError(room, f"the name holds {name}")
    try:
        size = len(room.encode("utf-8"))
    except UnicodeEncodeError:
        raise RoomError(room, "the name holds a lone surrogate, which UTF-8 cannot say") from None
    if size > MAX_EXCHANGE_BYTES:
        raise RoomError(
            room, f"the name has {size} bytes of UTF-8, and RabbitMQ allows {MAX_EXCHANGE_BYTES}"
        )
    return room


@functools.lru_cache(maxsize=_ROOMS_KNOWN)
def group_of_room(room: str) -> str:
    """The channel-layer group of a room: at most 88 characters of ``[A-Za-z0-9._-]``.

    A room that fits is its own group, so that django-notifs' own consumer works on the same groups.
    Any other is ``x-`` and the lower-case, unpadded base32 of its SHA-256. A room that itself looks
    like such a name is hashed too, so no two rooms share a group.
    """
    if _FITS_A_GROUP.fullmatch(room) and not _HASHED.fullmatch(room):
        return room
    digest = hashlib.sha256(room.encode("utf-8")).digest()
    return "x-" + base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def _shortened(room: str, limit: int = 60) -> str:
    return room if len(room) <= limit else room[: limit - 1] + "…"
