"""Reads a delivery that has arrived as a whole, in one go: the method, its header and its body.

AMQP 0-9-1, 4.2: a frame is a type, a channel, a size, so many bytes and 0xCE. A delivery is three
of them (4.2.6): Basic.Deliver, a content header and, unless it is empty, the body in one or more.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from pika import frame, spec

_FRAME = struct.Struct(">BHI")
_METHOD = struct.Struct(">BHII")  # the head of a frame, and which method it holds
_CONTENT = struct.Struct(">BHIHHQ")  # the head of a frame; class, weight and size of the body
_FRAME_ENDS = spec.FRAME_END
_PROPERTIES_AT = 12  # behind class, weight and size


class WholeDelivery(NamedTuple):
    """What pika hands to a consumer, and where in the buffer it ends."""

    method: frame.Method
    header: frame.Header
    body: bytes
    end: int

    @property
    def frames(self) -> int:
        """How many frames it was."""
        return 3 if self.body else 2


def whole_delivery(buffer: bytes, start: int) -> WholeDelivery | None:
    """The delivery at ``start``; None if something else is there, if not all of it has come, if its
    body is in several frames, or if pika cannot decode it. Never raises: whoever gets None reads
    frame by frame."""
    try:
        return _read(buffer, start)
    except Exception:  # whatever a value in its headers leads to: it is met again, frame by frame
        return None


def _read(buffer: bytes, start: int) -> WholeDelivery | None:
    kind, channel, size, method_id = _METHOD.unpack_from(buffer, start)
    if kind != spec.FRAME_METHOD or method_id != spec.Basic.Deliver.INDEX:
        return None
    header_at = start + 8 + size
    kind, header_channel, header_size, _, _, body_size = _CONTENT.unpack_from(buffer, header_at)
    body_at = header_at + 8 + header_size
    end = body_at
    if body_size:
        body_kind, body_channel, first_size = _FRAME.unpack_from(buffer, body_at)
        end = body_at + 8 + body_size
        if (body_kind, body_channel, first_size) != (spec.FRAME_BODY, channel, body_size):
            return None
    if (
        (kind, header_channel) != (spec.FRAME_HEADER, channel)
        or end > len(buffer)
        or not buffer[header_at - 1] == buffer[body_at - 1] == buffer[end - 1] == _FRAME_ENDS
    ):
        return None
    method = spec.Basic.Deliver().decode(buffer, start + 11)
    properties = spec.BasicProperties()
    # A copy, so that sizes within it that are wrong do not lead into what follows.
    properties.decode(buffer[header_at + 7 + _PROPERTIES_AT : body_at - 1])
    return WholeDelivery(
        frame.Method(channel, method),
        frame.Header(channel, body_size, properties),
        buffer[body_at + 7 : end - 1] if body_size else b"",
        end,
    )
