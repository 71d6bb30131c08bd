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
from typing import IO, Any

from wsmigrate.errors import ConfigError, UnavailableError
from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.recording import (
    End,
    EndKind,
    Handshake,
    Provocation,
    Recording,
    SocketRecording,
)

VERSION = 1
_VERSION_KEY = "wsmigrate_recording"
_NAMES = {opcode.value: opcode.name.lower() for opcode in Opcode}
_OPCODES: dict[str, int] = {name: number for number, name in _NAMES.items()}
_OPCODES |= {f"0x{number:x}": number for number in range(16) if number not in _NAMES}
_LINES_AT_A_TIME = 2000
_LONGEST_S = 1e10

Line = dict[str, Any]


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
        "frame": _NAMES.get(frame.opcode) or f"0x{frame.opcode:x}",
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


class SocketLines:
    """Takes the lines of one client, in their order. Raises ValueError for what makes no sense."""

    def __init__(self) -> None:
        self._names: tuple[str, str, str] | None = None
        self._handshake: Handshake | None = None
        self._frames: list[WireFrame] = []
        self._end = End(EndKind.UNKNOWN)

    def take(self, line: Line) -> None:
        """Take a line of any kind."""
        try:
            self._take(line)
        except (AttributeError, KeyError, OverflowError, TypeError) as error:
            raise ValueError("something that does not belong there") from error

    def _take(self, line: Line) -> None:
        if "frame" in line:
            self._frames.append(_frame(line))
        elif "client" in line:
            self._names = (_text(line["client"]), _text(line["room"]), _text(line.get("path", "")))
        elif "handshake" in line:
            self._handshake = _handshake(line["handshake"], _seconds(line.get("at", 0.0)))
        elif "end" in line:
            self._end = _ended(line)

    def recording(self) -> SocketRecording:
        """The client."""
        if self._names is None:
            raise ValueError("no line introduces the socket")
        client, room, path = self._names
        return SocketRecording(client, room, self._handshake, tuple(self._frames), self._end, path)


def _frame(line: Line) -> WireFrame:
    at = line["at"]
    if type(at) is not float or at - at:  # and no infinity, nor NaN
        at = _seconds(at)
    if len(line) == 4 and "text" in line:
        return WireFrame(_OPCODES[line["frame"]], line["text"].encode("utf-8"), at)
    fin, rsv = line.get("fin", True), line.get("rsv", 0)
    if type(fin) is not bool or type(rsv) is not int or not 0 <= rsv < 8:
        raise ValueError("fin or rsv")
    header = bytes.fromhex(line.get("header", ""))
    opcode = _OPCODES[line["frame"]]
    if "length" in line:
        digest, length = _text(line.get("digest", "")), _whole(line["length"])
        digest.encode("ascii")
        return WireFrame(opcode, b"", at, fin, rsv, header, length, digest)
    if "text" in line:
        return WireFrame(opcode, line["text"].encode("utf-8"), at, fin, rsv, header)
    return WireFrame(opcode, base64.b64decode(line["base64"], validate=True), at, fin, rsv, header)


def _handshake(shown: Mapping[str, Any], at: float) -> Handshake:
    accepts = shown.get("accepts_key")
    return Handshake(
        _whole(shown["status"]),
        _text(shown.get("phrase", "")),
        tuple((_text(name), _text(value)) for name, value in shown.get("headers", [])),
        None if accepts is None else bool(accepts),
        bool(shown.get("is_websocket_request", True)),
        _whole(shown.get("offered_subprotocols", 0)),
        at,
        _seconds(shown.get("took_s", 0.0)),
    )


def _ended(line: Line) -> End:
    code, client_code = line.get("code"), line.get("client_code")
    return End(
        EndKind(line["end"]),
        None if code is None else _whole(code),
        _text(line.get("reason", "")),
        _seconds(line.get("at", 0.0)),
        Provocation(line.get("after", "")),
        None if client_code is None else _whole(client_code),
        _text(line.get("client_reason", "")),
    )


def _text(value: object) -> str:
    if type(value) is not str:
        raise ValueError("no text")
    value.encode("utf-8")  # lone surrogates could be shown nowhere
    return value


def _seconds(value: object) -> float:
    if type(value) not in {int, float}:
        raise ValueError("no seconds")
    seconds = float(value)  # type: ignore[arg-type]
    if not -_LONGEST_S < seconds < _LONGEST_S:
        raise ValueError("no seconds")
    return seconds


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError("no number")
    return value
