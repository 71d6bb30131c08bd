"""Recordings for tests."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from wsmigrate.parity.comparison import SocketComparison, Yardstick, compare_sockets
from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.recording import End, EndKind, Handshake, Provocation, SocketRecording

HANDSHAKE = Handshake(101, "Switching Protocols", (("Upgrade", "websocket"),), True)
LEFT = End(EndKind.CLOSED, 1000, "", 9.0, Provocation.CLOSE, 1000)


def text(payload: bytes | str, at: float = 0.0, **more: object) -> WireFrame:
    data = payload.encode() if isinstance(payload, str) else payload
    return WireFrame(Opcode.TEXT, data, at, **more)  # type: ignore[arg-type]


def fragments(payload: bytes, *cuts: int) -> list[WireFrame]:
    """A text message in pieces that end at the cuts."""
    ends = [*cuts, len(payload)]
    begins = [0, *cuts]
    return [
        WireFrame(
            Opcode.CONTINUATION if number else Opcode.TEXT,
            payload[begin:end],
            fin=number == len(ends) - 1,
        )
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True))
    ]


def compressed(payload: bytes) -> WireFrame:
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
    return WireFrame(Opcode.TEXT, data[:-4], rsv=4)


def socket(
    frames: Iterable[WireFrame],
    *,
    handshake: Handshake | None = HANDSHAKE,
    end: End = LEFT,
    client: str = "client",
) -> SocketRecording:
    return SocketRecording(client, "room", handshake, tuple(frames), end, "/room")


def compared(
    expected: Iterable[WireFrame], received: Iterable[WireFrame], **options: object
) -> SocketComparison:
    yardstick = Yardstick(**options)  # type: ignore[arg-type]
    return compare_sockets(socket(expected), socket(received), yardstick)


def kinds(comparison: SocketComparison) -> list[str]:
    return [one.kind.value for one in comparison.mismatched]


def texts(*payloads: str) -> Sequence[WireFrame]:
    return [text(payload) for payload in payloads]
