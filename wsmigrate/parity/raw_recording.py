"""Recordings as they lie on disk, line by line, for comparing them without parsing what is equal.

Where frames are the same, lines that the suite wrote differ in the socket and the time only.
So all that two clients have in common at the beginning and at the end is compared as bytes,
and only what is between is parsed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from wsmigrate.parity.comparison import SocketComparison, Yardstick, compare_sockets
from wsmigrate.parity.differences import Difference
from wsmigrate.parity.recording import SocketRecording
from wsmigrate.parity.recording_file import RecordingError, SocketLines, read_head

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

    def socket(self, start: int = 0, stop: int | None = None) -> SocketRecording:
        """The client with some of its data frames. Raises KeyError, TypeError, ValueError."""
        lines = SocketLines()
        for line in (*self.others, *self.lines[start:stop]):
            lines.take(json.loads(line))
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

    Raises KeyError, TypeError, ValueError for lines that make no sense.
    """
    if not (expected.is_plain and received.is_plain):
        return compare_sockets(expected.socket(), received.socket(), yardstick)
    before, after = expected.tails, received.tails
    start, end = _common_ends(before, after)
    # One that both have stays, so that what is missing is not taken for all there is.
    if start:
        start -= 1
    elif end:
        end -= 1
    part = compare_sockets(
        expected.socket(start, len(before) - end),
        received.socket(start, len(after) - end),
        yardstick,
    )
    return SocketComparison(
        part.compared + start + end,
        part.matched + start + end,
        tuple(_moved(one, start) for one in part.differences),
    )


def _common_ends(before: Sequence[bytes], after: Sequence[bytes]) -> tuple[int, int]:
    shorter = min(len(before), len(after))
    if before == after:
        return shorter, 0
    start = next((n for n, (a, b) in enumerate(zip(before, after)) if a != b), shorter)
    rest = shorter - start
    backwards = zip(reversed(before), reversed(after))
    end = next((n for n, (a, b) in enumerate(backwards) if n == rest or a != b), rest)
    return start, end


def _moved(difference: Difference, offset: int) -> Difference:
    index, received = difference.index, difference.received_index
    return replace(
        difference,
        index=None if index is None else index + offset,
        received_index=None if received is None else received + offset,
    )
