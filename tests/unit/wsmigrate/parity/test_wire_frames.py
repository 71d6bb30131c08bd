"""Frames cut out of a stream of bytes, however it comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.frames import Opcode as TheirOpcode

from wsmigrate.parity.frames import FrameReader, Opcode, WireFrame, shortest_header

payloads = st.binary(max_size=200) | st.sampled_from([125, 126, 65535, 65536]).map(bytes)
frames = st.builds(
    lambda opcode, payload, fin, rsv: WireFrame(opcode, payload, 1.0, fin, rsv),
    st.integers(0, 15),
    payloads,
    st.booleans(),
    st.integers(0, 7),
)


def wire(frame: WireFrame) -> bytes:
    return (
        shortest_header(frame.opcode, len(frame.payload), fin=frame.fin, rsv=frame.rsv)
        + frame.payload
    )


@given(st.lists(frames, max_size=5), st.lists(st.integers(1, 100), max_size=20))
def test_frames_come_out_as_they_went_in_whatever_the_cuts(sent, cuts):
    data = b"".join(map(wire, sent))
    reader = FrameReader()
    got = []
    for cut in cuts:
        got += reader.feed(data[:cut], 1.0)
        data = data[cut:]
    got += reader.feed(data, 1.0)
    assert got == sent
    assert not reader.has_rest


@given(st.binary(max_size=70_000), st.booleans())
def test_frames_of_another_library_are_read(payload, masked):
    data = Frame(TheirOpcode.TEXT, payload).serialize(mask=masked)
    (frame,) = FrameReader().feed(data, 0.0)
    assert frame.payload == payload
    assert bool(frame.header) == masked


def test_a_length_that_is_longer_than_need_be_is_kept():
    (frame,) = FrameReader().feed(b"\x81\x7e\x00\x02hi", 0.0)
    assert frame == WireFrame(Opcode.TEXT, b"hi", header=b"\x81\x7e\x00\x02")


def test_a_frame_that_has_begun_is_a_rest():
    reader = FrameReader()
    assert reader.feed(b"\x81", 0.0) == []
    assert reader.has_rest


def test_a_large_frame_in_small_pieces_takes_no_time():
    reader = FrameReader()
    payload = bytes(4 << 20)
    data = wire(WireFrame(Opcode.BINARY, payload))
    got = [f for i in range(0, len(data), 4096) for f in reader.feed(data[i : i + 4096], 0.0)]
    assert [len(frame.payload) for frame in got] == [4 << 20]
