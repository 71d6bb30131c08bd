"""WebSocket frames as they are on the wire (RFC 6455, 5.2)."""

from __future__ import annotations

import enum
from typing import NamedTuple

_MASKED = 0x80
_CONTROL = 0x8


class Opcode(enum.IntEnum):
    """The opcodes that the RFC names. Others are possible on the wire and are kept as numbers."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


def is_control(opcode: int) -> bool:
    """Whether a frame of this opcode may stand between the fragments of a message."""
    return opcode >= _CONTROL


class WireFrame(NamedTuple):
    """A frame from a server. ``at`` is when its last byte came, in seconds since the recording
    began.

    ``header`` holds the raw header only where it is not the one that follows from the other fields:
    a length that is written longer than need be, or a mask, which servers must not use. The payload
    is then unmasked. Of a redacted frame the payload is empty, ``size`` is its length and
    ``digest`` stands for the whole message, on the message's last frame.
    """

    opcode: int
    payload: bytes
    at: float = 0.0
    fin: bool = True
    rsv: int = 0
    header: bytes = b""
    size: int = -1
    digest: str = ""

    @property
    def length(self) -> int:
        """The bytes of the payload."""
        return len(self.payload) if self.size < 0 else self.size


def shortest_header(opcode: int, length: int, *, fin: bool = True, rsv: int = 0) -> bytes:
    """The header of an unmasked frame, its length in as few bytes as can be (RFC 6455, 5.2)."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


class FrameReader:
    """Cuts the bytes of a connection into frames.

    It is a witness and no judge: reserved bits, unknown opcodes, masks and odd lengths are taken as
    they come, so that they can be compared.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._needed = 2

    @property
    def has_rest(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes, at: float) -> list[WireFrame]:
        """Take bytes that came at a time; returns the frames that are complete by now, in order."""
        buffer = self._buffer
        if not buffer and len(data) >= 2 and data[1] < 126 and len(data) == 2 + data[1]:
            first = data[0]  # one short frame and nothing else, which is what comes mostly
            return [WireFrame(first & 0x0F, data[2:], at, first >= 0x80, first >> 4 & 7)]
        buffer += data
        frames: list[WireFrame] = []
        place, end = 0, len(buffer)
        if end < self._needed:
            return frames
        while end - place >= 2:
            second = buffer[place + 1]
            length, start = second & 0x7F, place + 2
            if length >= 126:
                width = 2 if length == 126 else 8
                if end - start < width:
                    self._needed = 2 + width
                    break
                length = int.from_bytes(buffer[start : start + width], "big")
                start += width
            masked = second & _MASKED
            if masked:
                start += 4
            stop = start + length
            if stop > end:
                self._needed = stop - place
                break
            frames.append(_frame(buffer, place, start, stop, at))
            place = stop
            self._needed = 2
        else:
            self._needed = 2
        del buffer[:place]
        return frames


def _frame(buffer: bytearray, place: int, start: int, stop: int, at: float) -> WireFrame:
    first = buffer[place]
    payload = bytes(buffer[start:stop])
    header = b""
    size = stop - start
    if start - place != (2 if size < 126 else 4 if size < 1 << 16 else 10):
        header = bytes(buffer[place:start])
        if buffer[place + 1] & _MASKED:
            payload = _unmasked(payload, header[-4:])
    return WireFrame(first & 0x0F, payload, at, first >= 0x80, first >> 4 & 7, header)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    repeated = mask * (len(payload) // 4 + 1)
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[: len(payload)], "big")
    return number.to_bytes(len(payload), "big")
