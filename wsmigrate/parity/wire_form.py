"""Whether two messages of the same bytes were sent in the same form."""

from __future__ import annotations

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.frames import Opcode
from wsmigrate.parity.messages import DataMessage


def opcode_name(opcode: int) -> str:
    """``text``, ``binary``, …; a number in hex for one that the RFC does not name."""
    try:
        return Opcode(opcode).name.lower()
    except ValueError:
        return f"0x{opcode:x}"


def form_difference(expected: DataMessage, received: DataMessage) -> Difference | None:
    """The first way in which two messages that belong together differ, their contents apart."""
    found = _form(expected, received)
    if found is None:
        return None
    kind, detail = found
    return Difference(kind, "", "", expected, received, detail=detail)


def _form(expected: DataMessage, received: DataMessage) -> tuple[Kind, str] | None:
    if expected.opcode != received.opcode:
        names = opcode_name(expected.opcode), opcode_name(received.opcode)
        return Kind.OPCODE, f"{names[0]} on one side, {names[1]} on the other"
    if expected.layout == received.layout and expected.deflated == received.deflated:
        return None
    return _compressed(expected, received) or _fragmented(expected, received)


def _compressed(expected: DataMessage, received: DataMessage) -> tuple[Kind, str] | None:
    if expected.is_compressed != received.is_compressed:
        on = "the reference's" if expected.is_compressed else "this"
        return Kind.COMPRESSION, f"{on} frame is compressed (RSV1), the other one is not"
    if expected.content == received.content and expected.deflated != received.deflated:
        return Kind.COMPRESSION, "both are compressed, to different bytes"
    return None


def _fragmented(expected: DataMessage, received: DataMessage) -> tuple[Kind, str] | None:
    if expected.fragments != received.fragments or expected.complete != received.complete:
        ends = "" if received.complete else ", and the last one never came"
        return (
            Kind.FRAGMENTATION,
            f"{_frames(expected.fragments)} on one side, {_frames(received.fragments)} on the other"
            + ends,
        )
    if expected.content != received.content:
        return _odd_header(expected, received)
    lengths = [[form.length for form in message.layout] for message in (expected, received)]
    if lengths[0] != lengths[1] and expected.layout and received.layout:
        return Kind.FRAGMENTATION, f"fragments of {lengths[0]} and of {lengths[1]} bytes"
    return _odd_header(expected, received)


def _odd_header(expected: DataMessage, received: DataMessage) -> tuple[Kind, str] | None:
    forms = [
        [(form.fin, form.rsv, form.header[:1], len(form.header)) for form in message.layout]
        for message in (expected, received)
    ]
    if forms[0] == forms[1]:
        return None
    return Kind.HEADER, "reserved bits, a mask, or a length that is not in its shortest form"


def _frames(count: int) -> str:
    return f"{count} frame" + ("" if count == 1 else "s")
