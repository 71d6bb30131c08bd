"""Servers that misbehave on purpose, each in one way. ``MUTANTS``: name -> (how to make it, the
kinds of which one has to be named)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable

from plain_server import Connection, PlainServer
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Opcode

Send = Callable[[Connection, bytes], None]


def reorders_two(connection: Connection, payload: bytes) -> None:
    """The third and the fourth frame of each connection change places."""
    if connection.sent == 3:
        connection.memory["held"] = payload
        return
    connection.text(payload)
    if connection.sent == 4:
        connection.text(connection.memory.pop("held"))


def drops_every_50th(connection: Connection, payload: bytes) -> None:
    if connection.sent % 50:
        connection.text(payload)


def duplicates_one(connection: Connection, payload: bytes) -> None:
    connection.text(payload)
    if connection.sent == 3:
        connection.text(payload)


def duplicates_the_first(connection: Connection, payload: bytes) -> None:
    connection.text(payload)
    if connection.sent == 1:
        connection.text(payload)


def changes_one_byte(connection: Connection, payload: bytes) -> None:
    if connection.sent == 2 and payload:
        middle = len(payload) // 2
        payload = payload[:middle] + bytes((payload[middle] ^ 1,)) + payload[middle + 1 :]
    connection.text(payload)


def of_json(change: Callable[[object], str]) -> Send:
    def send(connection: Connection, payload: bytes) -> None:
        try:
            document = json.loads(payload)
        except ValueError:
            connection.text(payload)
            return
        connection.text(change(document).encode("utf-8", "surrogatepass"))

    return send


def escapes_unicode(connection: Connection, payload: bytes) -> None:
    """Only where nothing else changes."""
    text = payload.decode("utf-8", "surrogateescape")
    if text.startswith('{"plain"'):
        payload = text.encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00")
    connection.text(payload)


def fragments(connection: Connection, payload: bytes) -> None:
    third = len(payload) // 3
    connection.frame(Opcode.TEXT, payload[:third], fin=False)
    connection.frame(Opcode.CONT, payload[third : 2 * third], fin=False)
    connection.frame(Opcode.CONT, payload[2 * third :])


def compresses_unasked(connection: Connection, payload: bytes) -> None:
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
    connection.raw(b"\xc1" + head_of(len(data) - 4)[1:] + data[:-4])


def head_of(length: int) -> bytes:
    if length < 126:
        return bytes((0x81, length))
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


def binary_for_text(connection: Connection, payload: bytes) -> None:
    connection.frame(Opcode.BINARY, payload)


def sends_one_late(connection: Connection, payload: bytes) -> None:
    """All that follows waits with it, as behind a queue."""
    delay_s = 1.8 if connection.sent >= 3 else 0.0
    if delay_s:
        connection.later(delay_s, lambda: connection.text(payload))
    else:
        connection.text(payload)


def all_late(connection: Connection, payload: bytes) -> None:
    connection.later(1.2, lambda: connection.text(payload))


def closes_early(connection: Connection, payload: bytes) -> None:
    connection.text(payload)
    if connection.sent == 2:
        connection.close(4000, "enough")


def long_lengths(connection: Connection, payload: bytes) -> None:
    """Lengths in 64 bits, where 7 would do (RFC 6455, 5.2 forbids it)."""
    connection.raw(b"\x81\x7f" + len(payload).to_bytes(8, "big") + payload)


def reserved_bit(connection: Connection, payload: bytes) -> None:
    connection.raw(b"\xa1" + head_of(len(payload))[1:] + payload)


def nothing(connection: Connection, payload: bytes) -> None:
    pass


class WrongRoom(PlainServer):
    """The third client of each room hears another room, if there is one."""

    def deliver(self, room: str, payload: bytes) -> None:
        super().deliver(room, payload)
        for other, connections in self.rooms.items():
            if other != room and connections and payload and b"parity" not in payload:
                connections[0].text(payload)


def foreign_header(connection: Connection, response: object) -> None:
    response.headers["X-Served-By"] = "mutant"  # type: ignore[attr-defined]


def wrong_accept(connection: Connection, response: object) -> None:
    if response.status_code == 101:  # type: ignore[attr-defined]
        del response.headers["Sec-WebSocket-Accept"]  # type: ignore[attr-defined]
        response.headers["Sec-WebSocket-Accept"] = "bm90IHRoZSByaWdodCBvbmU="  # type: ignore[attr-defined]


MUTANTS: dict[str, tuple[Callable[[], PlainServer], str]] = {
    "reorders two": (lambda: PlainServer(reorders_two), "reordered"),
    "drops every 50th": (lambda: PlainServer(drops_every_50th), "missing"),
    "duplicates one": (lambda: PlainServer(duplicates_one), "extra"),
    "duplicates the first": (lambda: PlainServer(duplicates_the_first), "extra"),
    "changes one byte": (lambda: PlainServer(changes_one_byte), "payload"),
    "other order of keys": (
        lambda: PlainServer(of_json(lambda document: json.dumps(document, sort_keys=True))),
        "payload",
    ),
    "other spaces": (
        lambda: PlainServer(of_json(lambda document: json.dumps(document, separators=(",", ":")))),
        "payload",
    ),
    "escapes Unicode": (lambda: PlainServer(escapes_unicode), "payload"),
    "fragments": (lambda: PlainServer(fragments), "fragmentation"),
    "compresses unasked": (lambda: PlainServer(compresses_unasked), "compression"),
    "compresses when offered": (
        lambda: PlainServer(extensions=[ServerPerMessageDeflateFactory()]),
        "compression",
    ),
    "binary for text": (lambda: PlainServer(binary_for_text), "opcode"),
    "sends late": (lambda: PlainServer(sends_one_late), "late"),
    "closes early": (lambda: PlainServer(closes_early), "close_code"),
    "lengths in 64 bits": (lambda: PlainServer(long_lengths), "header"),
    "reserved bit": (lambda: PlainServer(reserved_bit), "header"),
    "another room": (WrongRoom, "wrong_room"),
    "empty": (lambda: PlainServer(nothing), "empty"),
    "another header": (lambda: PlainServer(accept=foreign_header), "handshake"),
    "wrong accept": (lambda: PlainServer(accept=wrong_accept), "handshake"),
}
