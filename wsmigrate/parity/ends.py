"""Compares how two connections ended, and how pings were answered."""

from __future__ import annotations

from collections.abc import Iterator

from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.frames import Opcode
from wsmigrate.parity.recording import End, EndKind, Provocation, SocketRecording


def end_differences(expected: SocketRecording, received: SocketRecording) -> Iterator[Difference]:
    """The end, the pongs in their order, and whether the server pings at all. A connection that
    never became a WebSocket has no end of one: whether HTTP keeps it open says nothing. Nor does a
    recording that broke off."""
    if any(one.handshake is None or not one.handshake.is_open for one in (expected, received)):
        return
    before, after = expected.end, received.end
    is_known = EndKind.UNKNOWN not in {before.kind, after.kind}
    if is_known and before.outcome != after.outcome:
        detail = f"{_told(before)} on one side, {_told(after)} on the other"
        yield Difference(Kind.CLOSE_CODE, "", "", before, after, subject="end", detail=detail)
    old, new = _pongs(expected), _pongs(received)
    if old != new:
        detail = f"pings are answered with {old!r} and with {new!r}"
        yield Difference(
            Kind.CONTROL, "", "", _joined(old), _joined(new), subject="pong", detail=detail
        )
    pings = [
        any(frame.opcode == Opcode.PING for frame in one.frames) for one in (expected, received)
    ]
    if pings[0] != pings[1]:
        shown = ["pings" if some else None for some in pings]
        yield Difference(
            Kind.CONTROL, "", "", shown[0], shown[1], subject="ping", detail="one of them pings"
        )


def _told(end: End) -> str:
    if end.after is Provocation.NOTHING:
        return str(end)
    done = {
        Provocation.CLOSE: f"the client closed with {end.client_code}",
        Provocation.VIOLATION: "the client broke the protocol",
        Provocation.OVERSIZED: "the client sent too much",
    }[end.after]
    return f"{end} after {done}"


def _pongs(socket: SocketRecording) -> list[str]:
    return [frame.payload.decode("latin-1") or frame.digest for frame in socket.pongs]


def _joined(pongs: list[str]) -> str | None:
    return None if not pongs else "\n".join(pongs)
