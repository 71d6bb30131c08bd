"""Deliveries that are read in one go are those that pika reads frame by frame."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import frame, spec
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.callback import CallbackManager
from pika.channel import ContentFrameAssembler

from bridge.whole_deliveries import whole_delivery
from bridge.wire import TolerantConnection

TAG = "ctag1.0123456789"
HEARTBEAT = frame.Heartbeat().marshal()


def delivered(
    body: bytes, *, channel: int = 1, headers: dict[str, Any] | None = None, parts: int = 1
) -> bytes:
    """A delivery as the broker sends it, its body in so many frames."""
    size = max(1, -(-len(body) // parts))
    return b"".join(
        [
            frame.Method(channel, spec.Basic.Deliver(TAG, 7, True, "room", "key")).marshal(),
            frame.Header(
                channel, len(body), spec.BasicProperties(headers=headers, message_id="an id")
            ).marshal(),
            *(
                frame.Body(channel, body[at : at + size]).marshal()
                for at in range(0, len(body), size)
            ),
        ]
    )


def connection_of(kind: type[AsyncioConnection], heard: list[Any]) -> Any:
    """A connection without a socket, one consumer on each of two channels."""

    class Channel:
        def __init__(self, number: int) -> None:
            self.number = number
            self.assembler = ContentFrameAssembler()

        def _handle_content_frame(self, value: frame.Frame) -> None:
            whole = self.assembler.process(value)
            if whole:
                self._on_deliver(*whole)

        def _on_deliver(self, method: frame.Method, header: frame.Header, body: bytes) -> None:
            said = (method.method.consumer_tag, method.method.delivery_tag)
            where = (method.method.exchange, method.method.routing_key, method.method.redelivered)
            heard.append((self.number, said, where, header.properties, body))

    connection = kind.__new__(kind)
    connection.__dict__.update(
        _frame_buffer=b"",
        bytes_received=0,
        frames_received=0,
        callbacks=CallbackManager(),
        _channels={number: Channel(number) for number in (1, 2)},
        _heartbeat_checker=None,
        _on_unreadable=lambda _error: None,
    )
    return connection


HEADERS = st.none() | st.dictionaries(
    st.text(max_size=8), st.integers(-(2**31), 2**31 - 1) | st.text(max_size=20) | st.booleans()
)
DELIVERIES = st.builds(
    delivered,
    st.binary(max_size=60),
    channel=st.sampled_from([1, 2]),
    headers=HEADERS,
    parts=st.integers(1, 3),
)


@given(st.lists(DELIVERIES | st.just(HEARTBEAT), max_size=8), st.data())
def test_whatever_comes_in_whatever_pieces_consumers_hear_what_pika_tells_them(
    sent: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(sent)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10).map(sorted))
    ends = [0, *cuts, len(stream)]
    outcomes = []
    for kind in (AsyncioConnection, TolerantConnection):
        heard: list[Any] = []
        connection = connection_of(kind, heard)
        for begin, end in zip(ends, ends[1:], strict=False):
            connection._on_data_available(stream[begin:end])
        outcomes.append((heard, connection.bytes_received, connection.frames_received))
        assert connection._frame_buffer == b""
    assert outcomes[0] == outcomes[1]


def test_a_delivery_says_where_it_ends() -> None:
    one = delivered(b"first")
    whole = whole_delivery(one + delivered(b"second"), 0)
    assert whole is not None
    assert (whole.body, whole.end, whole.frames) == (b"first", len(one), 3)
    empty = whole_delivery(delivered(b""), 0)
    assert empty is not None
    assert (empty.body, empty.frames) == (b"", 2)


@pytest.mark.parametrize(
    "buffer",
    [
        b"",
        delivered(b"cut off")[:-1],
        HEARTBEAT + delivered(b"behind something else"),
        delivered(b"in two frames", parts=2),
        frame.Method(1, spec.Basic.CancelOk(TAG)).marshal() + delivered(b"x"),
        delivered(b"its end is wrong")[:-1] + b"\x00",
        delivered(b"x", headers={"bad": 1}).replace(b"\x03badI", b"\x03badZ"),
        delivered(b"x", headers={"n": "text"}).replace(
            struct.pack(">I", 4) + b"text", struct.pack(">I", 9999) + b"text"
        )[:-1],
    ],
)
def test_what_is_no_whole_delivery_is_left_to_pika(buffer: bytes) -> None:
    assert whole_delivery(buffer, 0) is None
