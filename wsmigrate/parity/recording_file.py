"""Recordings as JSON Lines: one object a line, in the order in which things happened.

::

    {"wsmigrate_recording": 1, "redaction": "", "about": {"url": "ws://…"}}
    {"socket": 1, "client": "legacy-1", "room": "chat", "path": "/chat"}
    {"socket": 1, "at": 0.01, "handshake": {"status": 101, "headers": [["Upgrade", "websocket"]]}}
    {"socket": 1, "at": 0.52, "frame": "text", "text": "hello"}
    {"socket": 1, "at": 0.53, "frame": "text", "base64": "//4="}
    {"socket": 1, "at": 0.54, "frame": "binary", "fin": false, "length": 12, "digest": "9f…"}
    {"socket": 1, "at": 9.00, "end": "closed", "code": 1000}

``at`` is in seconds since the recording began. A payload that is UTF-8 stands as text, any other in
base64; a redacted one as its length, and its digest on the last frame of its message. ``fin`` and
``rsv`` stand where they are not true and 0, ``header`` (hex) where the raw header is not the
shortest one. A frame of an opcode without a name is ``"0x3"``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from wsmigrate.errors import ConfigError, UnavailableError
from wsmigrate.parity.frames import WireFrame
from wsmigrate.parity.recording import End, Handshake, Provocation, Recording, SocketRecording
from wsmigrate.parity.recording_lines import OPCODE_NAMES, Line, SocketLines

VERSION = 1
_VERSION_KEY = "wsmigrate_recording"
_LINES_AT_A_TIME = 2000


class RecordingError(UnavailableError):
    """A file that is no recording, or that was cut off in the middle of a line."""


def head_line(recording: Recording) -> Line:
    """The first line of a file."""
    return {_VERSION_KEY: VERSION, "redaction": recording.redaction, "about": dict(recording.about)}


def socket_line(number: int, socket: SocketRecording) -> Line:
    """The line that introduces a client."""
    return {"socket": number, "client": socket.client, "room": socket.room, "path": socket.path}


def handshake_line(number: int, handshake: Handshake) -> Line:
    """The line of an answer to a handshake."""
    shown: Line = {
        "status": handshake.status,
        "phrase": handshake.phrase,
        "headers": [list(pair) for pair in handshake.headers],
        "accepts_key": handshake.accepts_key,
    }
    if not handshake.is_websocket_request:
        shown["is_websocket_request"] = False
    if handshake.offered_subprotocols:
        shown["offered_subprotocols"] = handshake.offered_subprotocols
    if handshake.took_s:
        shown["took_s"] = round(handshake.took_s, 6)
    return {"socket": number, "at": round(handshake.at, 6), "handshake": shown}


def frame_line(number: int, frame: WireFrame) -> Line:
    """The line of a frame."""
    line: Line = {
        "socket": number,
        "at": round(frame.at, 6),
        "frame": OPCODE_NAMES.get(frame.opcode) or f"0x{frame.opcode:x}",
    }
    if not frame.fin:
        line["fin"] = False
    if frame.rsv:
        line["rsv"] = frame.rsv
    if frame.header:
        line["header"] = frame.header.hex()
    if frame.size >= 0:
        line["length"] = frame.size
        if frame.digest:
            line["digest"] = frame.digest
        return line
    try:
        line["text"] = frame.payload.decode("utf-8")
    except UnicodeDecodeError:
        line["base64"] = base64.b64encode(frame.payload).decode("ascii")
    return line


def end_line(number: int, end: End) -> Line:
    """The line of an end."""
    line: Line = {"socket": number, "at": round(end.at, 6), "end": end.kind.value}
    if end.code is not None:
        line["code"] = end.code
    if end.reason:
        line["reason"] = end.reason
    if end.after is not Provocation.NOTHING:
        line["after"] = end.after.value
    if end.client_code is not None:
        line["client_code"] = end.client_code
    if end.client_reason:
        line["client_reason"] = end.client_reason
    return line


def lines_of(recording: Recording) -> Iterator[Line]:
    """A recording as the lines of its file, those of all sockets together in the order of time."""
    yield head_line(recording)
    timed: list[tuple[float, int, Line]] = []
    for number, socket in enumerate(recording.sockets, 1):
        yield socket_line(number, socket)
        if socket.handshake is not None:
            yield handshake_line(number, socket.handshake)
        timed += [(frame.at, number, frame_line(number, frame)) for frame in socket.frames]
        timed.append(
            (
                max(socket.end.at, timed[-1][0] if timed else 0.0),
                number,
                end_line(number, socket.end),
            )
        )
    timed.sort(key=lambda entry: entry[:2])
    for _, _, line in timed:
        yield line


def written(line: Line) -> bytes:
    """A line as bytes, with its end."""
    text = json.dumps(line, ensure_ascii=False, separators=(", ", ": "))
    return text.encode("utf-8") + b"\n"


def write_recording(path: Path, recording: Recording) -> None:
    """Write a recording. Raises OSError."""
    with path.open("wb") as file:
        file.writelines(written(line) for line in lines_of(recording))


def read_recording(path: Path) -> Recording:
    """Read a recording. Raises RecordingError, which names the line."""
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        raise RecordingError(
            f"The recording {path} cannot be read ({error.strerror or error})."
        ) from error


def _read(path: Path, file: IO[bytes]) -> Recording:
    head = read_head(path, file.readline())
    sockets: dict[int, SocketLines] = {}
    number = 1
    for lines in _some_lines(path, file):
        for line in lines:
            number += 1
            try:
                if _VERSION_KEY in line:
                    raise RecordingError(
                        f"Line {number} of the recording {path} begins another one: two files were "
                        "joined.",
                        remedy="Compare them one by one.",
                    )
                if "client" in line:
                    sockets[line["socket"]] = SocketLines()
                sockets[line["socket"]].take(line)
            except (KeyError, TypeError, ValueError) as error:
                raise RecordingError(
                    f"Line {number} of the recording {path} cannot be understood "
                    f"({type(error).__name__})."
                ) from None
    about = head.get("about")
    return Recording(
        tuple(socket.recording() for socket in sockets.values()),
        str(head.get("redaction", "")),
        about if isinstance(about, Mapping) else {},
    )


def read_head(path: Path, line: bytes) -> Line:
    """The first line of a file. Raises RecordingError, ConfigError."""
    try:
        head = json.loads(line)
        version = head[_VERSION_KEY]
    except (ValueError, TypeError, KeyError):
        raise RecordingError(
            f"{path} is no recording of the parity suite.",
            remedy="`wsmigrate parity record` makes one.",
        ) from None
    if type(version) is not int or version != VERSION:
        raise ConfigError(
            f"The recording {path} has version {version}, and this program reads {VERSION}."
        )
    return dict(head)


def _some_lines(path: Path, file: IO[bytes]) -> Iterator[list[Line]]:
    """The lines, many at a time: parsed as one array they take half the time."""
    number = 1
    while True:
        raw = [line for _, line in zip(range(_LINES_AT_A_TIME), file)]
        if not raw:
            return
        try:
            yield json.loads(b"[" + b",".join(raw) + b"]")
        except (ValueError, RecursionError):
            yield list(_one_by_one(path, raw, number))
        number += len(raw)


def _one_by_one(path: Path, raw: Iterable[bytes], number: int) -> Iterator[Line]:
    for offset, line in enumerate(raw, 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            raise RecordingError(
                f"Line {number + offset} of the recording {path} is no JSON.",
                remedy="It was cut off while it was written, perhaps: remove the line.",
            ) from None
