from __future__ import annotations

import struct
from typing import Any

import pytest
from pika import data, frame, spec

from bridge.wire import readable_headers, tolerant_header_frame


def field(name: str, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + value


def sized(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack(">I", len(content)) + content


OFFSET = field("x-stream-offset", b"l" + struct.pack(">q", 42))


@pytest.mark.parametrize(
    "value",
    [
        b"T" + struct.pack(">Q", 1_700_000_000_000),
        b"T" + struct.pack(">q", -1),
        b"f" + struct.pack(">f", float("nan")),
        b"d" + struct.pack(">d", float("inf")),
        sized(b"F", field("nested", b"T" + struct.pack(">Q", 1 << 60))),
        sized(b"A", b"Z?"),
    ],
)
def test_a_value_that_cannot_be_decoded_is_left_out_and_those_after_it_are_read(
    value: bytes,
) -> None:
    assert readable_headers(field("bad", value) + OFFSET) == {"x-stream-offset": 42}


@pytest.mark.parametrize(
    "value", [True, 7, -7, 1 << 40, "text", b"\xff", None, {"a": 1}, [1, "x"]], ids=repr
)
def test_values_that_can_be_decoded_are_kept(value: Any) -> None:
    pieces: list[bytes] = []
    data.encode_table(pieces, {"good": value, "last": 1})
    table = b"".join(pieces)[4:]
    assert readable_headers(field("bad", b"T" + b"\x7f" * 8) + table) == {"good": value, "last": 1}


def test_a_field_of_an_unknown_type_ends_the_reading_and_not_the_connection() -> None:
    assert readable_headers(OFFSET + field("bad", b"Z123") + field("lost", b"V")) == {
        "x-stream-offset": 42
    }


def test_the_properties_around_the_headers_are_kept() -> None:
    properties = spec.BasicProperties(
        content_type="text/plain",
        content_encoding="utf-8",
        headers={"stands": "for the bad one"},
        priority=3,
        message_id="an id",
        timestamp=5,
    )
    raw = frame.Header(1, 9, properties).marshal()
    size, header = tolerant_header_frame(raw + b"what follows")
    assert size == len(raw)
    assert (header.channel_number, header.body_size) == (1, 9)
    assert header.properties == properties
