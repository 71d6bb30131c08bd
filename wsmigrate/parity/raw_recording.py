"""Recordings as they lie on disk, line by line, for comparing them without parsing what is equal.

Where frames are the same, lines that the suite wrote differ in the socket and the time only.
So stretches that two clients have in common are compared as bytes, and only what is around a
difference is parsed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from wsmigrate.parity.comparison import SocketComparison, Yardstick, compare_sockets
from wsmigrate.parity.differences import Kind
from wsmigrate.parity.recording import SocketRecording
from wsmigrate.parity.recording_file import RecordingError, read_head
from wsmigrate.parity.recording_lines import SocketLines
from wsmigrate.parity.stretches import kept_places

_START = b'{"socket": '
_BETWEEN = b', "frame": '
_PLAIN = (
    b'"text", "text": ',
    b'"text", "base64": ',
    b'"text", "length": ',
    b'"binary", "text": ',
    b'"binary", "base64": ',
    b'"binary", "length": ',
)
_CONTROL = (b'"ping"', b'"pong"', b'"close"')
_END = b"}\n"


class RawSocket:
    """The lines of one client. ``tails`` are those of its data frames from the opcode on.
    ``is_plain``: every data frame is a whole message and nothing about it is unusual."""

    def __init__(self) -> None:
        self.tails: list[bytes] = []
        self.lines: list[bytes] = []
        self.others: list[bytes] = []
        self.is_plain = True

    def socket(self, places: Iterable[int] | None = None) -> SocketRecording:
        """The client with all of its data frames, or those at some places. Raises ValueError."""
        data = self.lines if places is None else [self.lines[place] for place in places]
        lines = SocketLines()
        try:
            for line in (*self.others, *data):
                lines.take(json.loads(line))
        except RecursionError as error:
            raise ValueError("too deep") from error
        return lines.recording()


class RawRecording:
    """A file that was read. Use ``read_raw``."""

    def __init__(self, path: Path, redaction: str, sockets: Sequence[RawSocket]) -> None:
        self.path = path
        self.redaction = redaction
        self.sockets = sockets

    @property
    def has_ends(self) -> bool:
        """Whether all clients were recorded with their handshakes."""
        return all(
            any(b'"handshake": ' in line for line in socket.others) for socket in self.sockets
        )


def read_raw(path: Path) -> RawRecording | None:
    """Read a recording as lines; None where it is not written the way the suite writes it. Raises
    RecordingError."""
    sockets: dict[bytes, RawSocket] = {}
    try:
        with path.open("rb") as file:
            head = read_head(path, file.readline())
            for line in file:
                if not line.startswith(_START):
                    return None
                start, found, tail = line.partition(_BETWEEN)
                number = start.partition(b",")[0]
                socket = sockets.get(number)
                if socket is None:
                    socket = sockets[number] = RawSocket()
                if not tail.endswith(_END) and (found or not line.endswith(_END)):
                    return None
                if not found or tail.startswith(_CONTROL):
                    socket.others.append(line)
                    continue
                if not tail.startswith(_PLAIN):
                    socket.is_plain = False
                socket.tails.append(tail)
                socket.lines.append(line)
    except OSError as error:
        raise RecordingError(
            f"The recording {path} cannot be read ({error.strerror or error})."
        ) from error
    return RawRecording(path, str(head.get("redaction", "")), list(sockets.values()))


def compare_raw(expected: RawSocket, received: RawSocket, yardstick: Yardstick) -> SocketComparison:
    """As ``compare_sockets``, for two clients whose recordings are redacted alike.

    Raises ValueError for lines that make no sense.
    """
    if not (expected.is_plain and received.is_plain):
        return compare_sockets(expected.socket(), received.socket(), yardstick)
    if yardstick.own_rules:
        # What is equal but for what they blot out may be anywhere: only the ends are left out.
        kept, kept_there = _without_common_ends(expected.tails, received.tails)
    else:
        kept, kept_there = kept_places(expected.tails, received.tails)
    part = compare_sockets(expected.socket(kept), received.socket(kept_there), yardstick)
    equal = len(expected.tails) - len(kept)
    return SocketComparison(
        part.compared + equal,
        part.matched + equal,
        tuple(
            one.at(
                None if one.index is None else kept[one.index],
                None if one.received_index is None else kept_there[one.received_index],
            )
            if one.kind is not Kind.EMPTY
            else one
            for one in part.differences
        ),
    )


def _without_common_ends(
    before: Sequence[bytes], after: Sequence[bytes]
) -> tuple[Sequence[int], Sequence[int]]:
    """All places but those of the common beginning and end, of which one stays, so that what is
    missing is not taken for all there is."""
    shorter = min(len(before), len(after))
    start = next((n for n, (a, b) in enumerate(zip(before, after)) if a != b), shorter)
    rest = shorter - start
    backwards = zip(reversed(before), reversed(after))
    end = next((n for n, (a, b) in enumerate(backwards) if n == rest or a != b), rest)
    if start:
        start -= 1
    elif end:
        end -= 1
    return range(start, len(before) - end), range(start, len(after) - end)
