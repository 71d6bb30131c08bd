"""Messages: data frames put together again, and inflated where they were compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

from wsmigrate.parity.frames import Opcode, WireFrame, is_control

_RSV1 = 4
_DEFLATE_TAIL = b"\x00\x00\xff\xff"


class DataMessage(NamedTuple):
    """A message as a client of the connection sees it, and how it was on the wire.

    ``content`` is the payload, put together and inflated; of a redacted recording its digest.
    ``layout`` is empty for a single plain frame, else the form of each frame. ``at`` is the time of
    the last frame, ``deflated`` the bytes of the wire where they were compressed.
    """

    content: bytes
    opcode: int
    layout: tuple[FrameForm, ...] = ()
    complete: bool = True
    at: float = 0.0
    deflated: bytes = b""
    size: int = -1

    @property
    def length(self) -> int:
        """The bytes of the message; of a redacted one as well."""
        return len(self.content) if self.size < 0 else self.size

    @property
    def is_redacted(self) -> bool:
        """Whether ``content`` is a digest."""
        return self.size >= 0

    @property
    def is_compressed(self) -> bool:
        """Whether a frame has RSV1 set (RFC 7692, 7.2.3.1)."""
        return any(form.rsv & _RSV1 for form in self.layout)

    @property
    def cannot_be_inflated(self) -> bool:
        """Whether it says that it is compressed, and is not."""
        return self.is_compressed and self.content == self.deflated

    @property
    def fragments(self) -> int:
        """The number of frames."""
        return len(self.layout) or 1


class FrameForm(NamedTuple):
    """All of a frame but its payload. ``opcode`` is that of a fragment: the first one's stands in
    the message."""

    fin: bool
    rsv: int
    length: int
    header: bytes
    opcode: int


def messages_of(frames: Iterable[WireFrame]) -> list[DataMessage]:
    """The messages of the data frames of a connection, in order; control frames are left out.

    A message that has no end yet is the last one, with ``complete`` False. A continuation that
    continues nothing is a message of its own, and a new message in the midst of another ends that
    one, incomplete: both are faults that a comparison is to see.
    """
    messages: list[DataMessage] = []
    begun: list[WireFrame] = []
    inflater = _Inflater()
    for frame in frames:
        opcode = frame.opcode
        if not begun and opcode and opcode < 8 and frame.fin and not frame.rsv and not frame.header:
            if frame.size < 0:
                messages.append(DataMessage(frame.payload, opcode, (), True, frame.at))
            else:
                messages.append(_put_together([frame], inflater))
            continue
        if is_control(opcode):
            continue
        if begun and opcode != Opcode.CONTINUATION:
            messages.append(_put_together(begun, inflater))
            begun = []
        begun.append(frame)
        if frame.fin:
            messages.append(_put_together(begun, inflater))
            begun = []
    if begun:
        messages.append(_put_together(begun, inflater))
    return messages


def message_groups(frames: Iterable[WireFrame]) -> list[tuple[DataMessage, list[WireFrame]]]:
    """The messages, each with its frames."""
    data = [frame for frame in frames if not is_control(frame.opcode)]
    groups, place = [], 0
    for message in messages_of(data):
        groups.append((message, data[place : place + message.fragments]))
        place += message.fragments
    return groups


def _put_together(frames: list[WireFrame], inflater: _Inflater) -> DataMessage:
    first, last = frames[0], frames[-1]
    raw = b"".join(frame.payload for frame in frames)
    content, size, deflated = raw, -1, b""
    if last.size >= 0:
        content, size = last.digest.encode("ascii"), sum(frame.length for frame in frames)
    elif first.rsv & _RSV1:
        content, deflated = inflater.inflated(raw), raw
    layout = tuple(
        FrameForm(frame.fin, frame.rsv, frame.length, frame.header, frame.opcode if number else -1)
        for number, frame in enumerate(frames)
    )
    if layout == ((True, 0, first.length, b"", -1),):
        layout = ()
    return DataMessage(content, first.opcode, layout, last.fin, last.at, deflated, size)


class _Inflater:
    """Inflates the messages of a connection, one after the other, with context takeover; what
    cannot be inflated so is tried without, and stays as it is if that fails too."""

    def __init__(self) -> None:
        self._context = zlib.decompressobj(-zlib.MAX_WBITS)

    def inflated(self, raw: bytes) -> bytes:
        data = raw + _DEFLATE_TAIL
        kept = self._context.copy()
        try:
            return self._context.decompress(data)
        except zlib.error:
            self._context = kept
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data)
        except zlib.error:
            return raw
