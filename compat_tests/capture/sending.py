"""Frames of a client: masked, as RFC 6455, 5.3 asks, or wrong on purpose."""

from __future__ import annotations

import os

from wsmigrate.parity.frames import Opcode


def client_frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    """A frame of any kind, valid or not."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    length, bit = len(payload), 0x80 if masked else 0
    if length < 126:
        head = bytes((first, bit | length))
    elif length < 1 << 16:
        head = bytes((first, bit | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, bit | 127)) + length.to_bytes(8, "big")
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + _masked(payload, mask)


def close_frame(code: int | None, reason: str = "") -> bytes:
    """A close frame; without a code an empty one."""
    payload = b"" if code is None else code.to_bytes(2, "big") + reason.encode("utf-8")
    return client_frame(Opcode.CLOSE, payload)


def _masked(payload: bytes, mask: bytes) -> bytes:
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return number.to_bytes(len(payload), "big")
