"""Shows a difference so that a person sees it at once: both frames in text and in hex around the
first byte that differs."""

from __future__ import annotations

from collections.abc import Iterator

from wsmigrate.parity.differences import Difference, Side
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.payload_change import first_difference
from wsmigrate.parity.recording import End, Handshake
from wsmigrate.parity.wire_form import opcode_name

_BEFORE = 24
_AROUND = 64
_HEX_BEFORE = 6
_HEX_AROUND = 16


def place_of(difference: Difference) -> int:
    """The first byte at which the payloads differ; 0 where there are no two."""
    before, after = difference.expected, difference.received
    if isinstance(before, DataMessage) and isinstance(after, DataMessage):
        return first_difference(before.content, after.content)
    return 0


def sentence_of(difference: Difference) -> str:
    """One line: kind, where it is, and what."""
    where = f"room {_short(difference.room)!r}"
    if difference.index is not None:
        where += f", message {difference.index}"
    elif difference.received_index is not None:
        where += f", received as {difference.received_index}"
    detail = f": {difference.detail}" if difference.detail else ""
    return f"{difference.kind.value} in {where} ({difference.client}){detail}"


def lines_of_difference(difference: Difference) -> Iterator[str]:
    """The sentence, then both sides."""
    yield sentence_of(difference)
    place = place_of(difference)
    for name, side in (("expected", difference.expected), ("received", difference.received)):
        if isinstance(side, DataMessage):
            yield f"  {name}  {form_of(side)}"
            if not side.is_redacted:
                yield f"    text {text_around(side.content, place)}"
                yield f"    hex  {hex_around(side.content, place)}"
        elif side is None and difference.kind.of_frames:
            yield f"  {name}  nothing"


def form_of(message: DataMessage) -> str:
    """``text, 12 bytes, 2 frames, compressed``."""
    parts = [opcode_name(message.opcode), f"{message.length} bytes"]
    if message.fragments > 1:
        parts.append(f"{message.fragments} frames")
    if not message.complete:
        parts.append("unfinished")
    if message.is_compressed:
        parts.append("compressed")
    return ", ".join(parts)


def text_around(content: bytes, place: int) -> str:
    """The payload as text around a byte, control characters escaped, with ``…`` where it goes on.
    What is not UTF-8 is shown as ``\\xNN``."""
    start, stop = _window(len(content), place, _BEFORE, _AROUND)
    text = content[start:stop].decode("utf-8", "backslashreplace")
    shown = "".join(one if one.isprintable() else _escaped(one) for one in text)
    return ("…" if start else "") + repr_quoted(shown) + ("…" if stop < len(content) else "")


def hex_around(content: bytes, place: int) -> str:
    """The bytes around a place, the one there in brackets; the offset of the first one before."""
    start, stop = _window(len(content), place, _HEX_BEFORE, _HEX_AROUND)
    shown = [
        f"[{byte:02x}]" if start + number == place else f"{byte:02x}"
        for number, byte in enumerate(content[start:stop])
    ]
    if place >= len(content):
        shown.append("[end]")
    return f"{start:08x}: " + " ".join(shown)


def repr_quoted(text: str) -> str:
    """In quotes that tell where it begins and ends."""
    return f"'{text}'"


def short_side(side: Side) -> str:
    """One side of a difference, in a few words."""
    if side is None:
        return "nothing"
    if isinstance(side, DataMessage):
        return form_of(side)
    if isinstance(side, (End, str)):
        return str(side)
    return str(side.status) if isinstance(side, Handshake) else ""


def _window(length: int, place: int, before: int, around: int) -> tuple[int, int]:
    start = max(0, min(place, length) - before)
    return start, min(length, start + around)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _short(room: str, limit: int = 60) -> str:
    return room if len(room) <= limit else room[: limit - 1] + "…"
