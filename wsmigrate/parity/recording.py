"""What clients got from a server: handshakes, frames and ends."""

from __future__ import annotations

import base64
import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from wsmigrate.parity.frames import Opcode, WireFrame

_ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


def accept_of_key(key: str) -> str:
    """What a server has to answer to a Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    digest = hashlib.sha1(key.encode("ascii") + _ACCEPT_GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


@dataclass(frozen=True)
class Handshake:
    """A server's answer to a handshake, and what it was asked that matters for it.

    ``headers`` stand in the order of the wire, names as they were written. ``offered_subprotocols``
    is how many the client offered. ``accepts_key`` says whether Sec-WebSocket-Accept fits the key,
    None where there is none. ``at`` is when the answer was complete, in seconds since the recording
    began, ``took_s`` how long it took.
    """

    status: int
    phrase: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    accepts_key: bool | None = None
    is_websocket_request: bool = True
    offered_subprotocols: int = 0
    at: float = 0.0
    took_s: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the connection is a WebSocket now."""
        return self.status == 101

    def values(self) -> dict[str, tuple[str, ...]]:
        """The headers by lower-case name, each with its values in order (RFC 9110, 5.1, 5.3)."""
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            found.setdefault(name.lower(), []).append(value.strip())
        return {name: tuple(values) for name, values in found.items()}


class EndKind(str, enum.Enum):
    """How a connection ended, as its client saw it."""

    OPEN = "open"  # it had not, when the recording stopped
    CLOSED = "closed"  # the server sent a close frame
    CUT = "cut"  # the connection ended without one
    UNKNOWN = "unknown"  # the recording broke off


class Provocation(str, enum.Enum):
    """What the client had done that may end a connection."""

    NOTHING = ""
    CLOSE = "close"  # it sent a close frame
    VIOLATION = "violation"  # it broke the protocol on purpose
    OVERSIZED = "oversized"  # it sent more than a server may want to take


@dataclass(frozen=True)
class End:
    """The end of a connection. ``code`` and ``reason`` are the server's close frame (1005: it held
    none); ``after`` is what the client had done by then, ``client_code`` and ``client_reason`` what
    its own close frame said."""

    kind: EndKind
    code: int | None = None
    reason: str = ""
    at: float = 0.0
    after: Provocation = Provocation.NOTHING
    client_code: int | None = None
    client_reason: str = ""

    def __str__(self) -> str:
        if self.kind is EndKind.OPEN:
            return "still open"
        if self.kind is EndKind.CUT:
            return "cut without a close frame"
        if self.kind is EndKind.UNKNOWN:
            return "not known"
        return f"closed with {self.code}" + (f" {self.reason!r}" if self.reason else "")

    @property
    def outcome(self) -> tuple[EndKind, int | None, str, Provocation]:
        """What is compared."""
        return self.kind, self.code, self.reason, self.after


@dataclass(frozen=True)
class SocketRecording:
    """One client of one room. ``handshake`` is None where the server answered none. ``pings`` are
    the payloads of the client's own pings."""

    client: str
    room: str
    handshake: Handshake | None
    frames: tuple[WireFrame, ...] = ()
    end: End = End(EndKind.OPEN)
    path: str = ""
    pings: tuple[bytes, ...] = ()

    @property
    def pongs(self) -> tuple[WireFrame, ...]:
        """The answers to the client's pings."""
        return tuple(frame for frame in self.frames if frame.opcode == Opcode.PONG)


@dataclass(frozen=True)
class Recording:
    """Some sockets of one server. ``redaction`` says what stands in place of payloads: empty for
    nothing, else the way in which digests were made: only equal ways can be compared."""

    sockets: tuple[SocketRecording, ...]
    redaction: str = ""
    about: Mapping[str, str] = field(default_factory=dict)


def close_of_payload(payload: bytes) -> tuple[int, str]:
    """Code and reason of a close frame (RFC 6455, 5.5.1); 1005 for none (7.4.1)."""
    if len(payload) < 2:
        return 1005, ""
    return int.from_bytes(payload[:2], "big"), payload[2:].decode("utf-8", "backslashreplace")
