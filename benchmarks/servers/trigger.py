"""How another process has the bare server send: its Unix socket, and what goes over it.

A message is the length of room and text in bytes, two big-endian words, then both. The server
answers one byte for each message that it has taken.
"""

from __future__ import annotations

import asyncio
import struct

VARIABLE = "BENCH_TRIGGER"
"""Names the socket's path."""

TAKEN = b"."

_HEAD = struct.Struct("!HI")


def encoded(room: str, text: str) -> bytes:
    """A message as bytes."""
    name, body = room.encode(), text.encode()
    return _HEAD.pack(len(name), len(body)) + name + body


async def read_message(reader: asyncio.StreamReader) -> tuple[str, str]:
    """The next message: room and text. Raises asyncio.IncompleteReadError at the end."""
    room_size, text_size = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    both = await reader.readexactly(room_size + text_size)
    return both[:room_size].decode(), both[room_size:].decode()
