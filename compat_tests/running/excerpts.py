"""The parts of what a client got that can be compared with what another one got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wsmigrate.parity.frames import WireFrame, is_control
from wsmigrate.parity.messages import message_groups, messages_of
from wsmigrate.parity.recording import SocketRecording

_PROBE = b'{"parity":"warm-up","room":"'


def tail_like(whole: tuple[WireFrame, ...], part: tuple[WireFrame, ...]) -> tuple[WireFrame, ...]:
    """What a client that joined later should have got: all from its first message on; without one
    that is known, as many as it got."""
    groups, own = message_groups(whole), messages_of(part)
    control = tuple(frame for frame in part if is_control(frame.opcode))
    first = own[0].content if own else b""
    places = [number for number, (message, _) in enumerate(groups) if message.content == first]
    start = places[0] if len(places) == 1 else len(groups) - max(1, len(own))
    return (*control, *(frame for _, frames in groups[max(0, start) :] for frame in frames))


def of_publisher(
    frames: tuple[WireFrame, ...], publishers: Mapping[bytes, int], number: int
) -> tuple[WireFrame, ...]:
    """The frames of a publisher's messages, and all control frames; of number -1 those of none."""
    control = [frame for frame in frames if is_control(frame.opcode)]
    own = [
        frame
        for message, some in message_groups(frames)
        if publishers.get(message.content, -1) == number
        for frame in some
    ]
    return (*control, *own)


def first_common_probe(recordings: Iterable[SocketRecording]) -> int:
    """The number of the first warm-up message that all clients have that have one."""
    return max((_first_probe(recording.frames) for recording in recordings), default=0)


def _first_probe(frames: tuple[WireFrame, ...]) -> int:
    for frame in frames:
        if not is_control(frame.opcode):
            return _probe_number(frame.payload)
    return 0


def _probe_number(payload: bytes) -> int:
    if not payload.startswith(_PROBE):
        return 0
    number = payload.rpartition(b":")[2].rstrip(b"}")
    return int(number) if number.isdigit() else 0


def from_probe(frames: tuple[WireFrame, ...], first: int) -> tuple[WireFrame, ...]:
    """Without the warm-up messages before that number."""
    return tuple(
        frame
        for frame in frames
        if is_control(frame.opcode) or not 0 < _probe_number(frame.payload) < first
    )
