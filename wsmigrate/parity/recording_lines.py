"""Reads the lines of a recording, one by one, and believes none of them: files are edited."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.recording import End, EndKind, Handshake, Provocation, SocketRecording

OPCODE_NAMES = {opcode.value: opcode.name.lower() for opcode in Opcode}
_OPCODES: dict[str, int] = {name: number for number, name in OPCODE_NAMES.items()}
_OPCODES |= {f"0x{number:x}": number for number in range(16) if number not in OPCODE_NAMES}
_LONGEST_S = 1e10

Line = dict[str, Any]


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
