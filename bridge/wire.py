"""The bridge's AMQP connection: reads what publishers put into headers, whatever it is."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from typing import Any

import pika
from pika import data, frame, spec
from pika.adapters.asyncio_connection import AsyncioConnection

from bridge.whole_deliveries import whole_delivery
from wsmigrate.amqp_url import redacted_url
from wsmigrate.errors import ConfigError

_FRAME_HEADER_BYTES = 7
_FRAME_END_BYTES = 1
_CONTENT_HEADER_BYTES = 12  # class, weight and size of the body; the properties follow
_FIXED_BYTES = {
    **dict.fromkeys(b"tbB", 1),
    **dict.fromkeys(b"Uus", 2),
    **dict.fromkeys(b"Iif", 4),
    **dict.fromkeys(b"LldT", 8),
    ord("D"): 5,
    ord("V"): 0,
}
_COUNTED = b"SxAF"  # a size of 4 bytes, then that many


class TolerantConnection(AsyncioConnection):
    """A connection that survives headers which pika cannot decode.

    A header may hold, for instance, a timestamp in milliseconds: RabbitMQ takes it, and pika raises
    ValueError for it (the year 58861) while it reads the socket, which ends the connection. As the
    message is delivered again after each reconnect, the inbox would never get past it. Here such a
    value is left out and the others are read.

    Deliveries that have arrived as a whole are read in one go, which takes a third of the time that
    pika takes over them frame by frame; half of the bridge's work was that.

    pika has no hook for either; ``_read_frame`` and ``_on_data_available`` are the two places where
    it decodes, and only this class overrides them. ``on_unreadable`` hears of an input that broke
    the connection all the same.
    """

    def __init__(
        self,
        parameters: pika.URLParameters,
        *,
        on_unreadable: Callable[[Exception], None],
        **callbacks: Any,
    ) -> None:
        self._on_unreadable = on_unreadable
        super().__init__(parameters, **callbacks)

    def pause_reading(self) -> None:
        """Take nothing more from the socket, so that the broker has to wait. pika has no public
        way; where its inner parts are not as expected, reading goes on."""
        self._set_reading(on=False)

    def resume_reading(self) -> None:
        """Go on."""
        self._set_reading(on=True)

    def excuse_silence(self) -> None:
        """Have pika's heartbeat take a peer for alive that was not listened to."""
        self.bytes_received += 1

    def _set_reading(self, *, on: bool) -> None:
        transport = self._transport
        sock = getattr(transport, "_sock", None)
        readable = getattr(transport, "_on_socket_readable", None)
        if sock is None or readable is None or sock.fileno() < 0:
            return
        loop = self.ioloop
        if on:
            loop.add_reader(sock.fileno(), readable)
        else:
            loop.remove_reader(sock.fileno())

    def _on_data_available(self, data_in: bytes) -> None:
        self._frame_buffer += data_in
        try:
            while self._frame_buffer:
                self._take_whole_deliveries()
                size, value = self._read_frame()
                if not value:
                    return
                self._trim_frame_buffer(size)
                self._process_frame(value)
        except Exception as error:
            self._on_unreadable(error)
            raise

    def _take_whole_deliveries(self) -> None:
        """Hand over the deliveries that the buffer begins with."""
        buffer, taken = self._frame_buffer, 0
        try:
            while (delivery := whole_delivery(buffer, taken)) is not None:
                channel = self._channels.get(delivery.method.channel_number)
                if channel is None:
                    return
                taken = delivery.end
                self.frames_received += delivery.frames
                channel._on_deliver(delivery.method, delivery.header, delivery.body)
        finally:
            if taken:
                self._trim_frame_buffer(taken)

    def _read_frame(self) -> tuple[int, Any]:
        buffer = self._frame_buffer
        try:
            size, value = super()._read_frame()
        except Exception:
            if buffer[:1] != bytes([spec.FRAME_HEADER]):
                raise
            return tolerant_header_frame(buffer)
        return size, value


def connection_parameters(url: str, heartbeat_s: int | None = None) -> pika.URLParameters:
    """What pika makes of a URL, with a heartbeat where it names none.

    Raises ConfigError for options that it cannot use, such as a file of certificates that does not
    exist."""
    try:
        parameters = pika.URLParameters(url)
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise ConfigError(
            f"The options of the AMQP URL {redacted_url(url)} cannot be used "
            f"({type(error).__name__}).",
            remedy="Check the files and values behind its question mark.",
        ) from error
    if heartbeat_s is not None and "heartbeat=" not in url:
        parameters.heartbeat = heartbeat_s
    return parameters


def tolerant_header_frame(buffer: bytes) -> tuple[int, frame.Header]:
    """The content header frame that the buffer begins with, and its size in bytes. Headers that
    cannot be decoded are left out."""
    _, channel, size = struct.unpack_from(">BHL", buffer)
    content = buffer[_FRAME_HEADER_BYTES : _FRAME_HEADER_BYTES + size]
    body_size = struct.unpack_from(">HHQ", content)[2]
    properties = _with_readable_headers(content[_CONTENT_HEADER_BYTES:])
    header = frame.Header(channel, body_size, properties)
    return _FRAME_HEADER_BYTES + size + _FRAME_END_BYTES, header


def _with_readable_headers(encoded: bytes) -> spec.BasicProperties:
    """Take the table of headers out, have pika decode the other properties, and put back what can
    be read of the table."""
    flags = struct.unpack_from(">H", encoded)[0]
    offset = 2
    for flag in (
        spec.BasicProperties.FLAG_CONTENT_TYPE,
        spec.BasicProperties.FLAG_CONTENT_ENCODING,
    ):
        if flags & flag:
            _, offset = data.decode_short_string(encoded, offset)
    size = struct.unpack_from(">I", encoded, offset)[0]
    end = offset + 4 + size
    without = struct.pack(">H", flags & ~spec.BasicProperties.FLAG_HEADERS)
    properties = spec.BasicProperties()
    properties.decode(without + encoded[2:offset] + encoded[end:])
    properties.headers = readable_headers(encoded[offset + 4 : end])
    return properties


def readable_headers(table: bytes) -> dict[str, Any]:
    """The fields of an AMQP table (without its size) that pika can decode.

    What follows a field of an unknown type is left out, as its size cannot be known.
    """
    headers: dict[str, Any] = {}
    offset = 0
    while offset < len(table):
        name, offset = data.decode_short_string(table, offset)
        with contextlib.suppress(Exception):  # whatever it is: the value is left out
            headers[str(name)] = data.decode_value(table, offset)[0]
        size = _value_bytes(table, offset)
        if size is None:
            break
        offset += size
    return headers


def _value_bytes(table: bytes, offset: int) -> int | None:
    """The size of a value with the byte of its type, None where the type is not known."""
    kind = table[offset]
    if kind in _COUNTED:
        return 5 + int(struct.unpack_from(">I", table, offset + 1)[0])
    fixed = _FIXED_BYTES.get(kind)
    return None if fixed is None else 1 + fixed
