"""Compares two recordings, client by client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from wsmigrate.errors import ConfigError
from wsmigrate.parity.comparison import SocketComparison, Yardstick, compare_sockets
from wsmigrate.parity.raw_recording import RawRecording, compare_raw
from wsmigrate.parity.recording import Recording, SocketRecording
from wsmigrate.parity.redaction import DigestRedactor, redacted_socket


@dataclass(frozen=True)
class RoomComparison:
    """A client of the reference, and what the other recording has of the same room."""

    room: str
    expected: SocketRecording
    received: SocketRecording
    comparison: SocketComparison


def compare_recordings(
    expected: Recording, received: Recording, yardstick: Yardstick, redactor: DigestRedactor
) -> Iterator[RoomComparison]:
    """Compares the clients of each room in their order. A client that one side lacks is compared
    with one that got nothing. Recordings of which one is redacted are compared by digests, made by
    the ``redactor`` for the other one.

    Raises ConfigError for digests that cannot be compared.
    """
    before, after = _alike(expected, received, redactor)
    rooms = dict.fromkeys(socket.room for socket in (*before, *after))
    for room in rooms:
        for left, right in _pairs(_of_room(before, room), _of_room(after, room)):
            stick = _of_this_room(yardstick, room)
            yield RoomComparison(room, left, right, compare_sockets(left, right, stick))


def compare_raw_recordings(
    expected: RawRecording, received: RawRecording, yardstick: Yardstick
) -> Iterator[RoomComparison]:
    """As ``compare_recordings``, for recordings that are redacted alike, without parsing what is
    equal. The sockets of the outcome hold no frames. Raises ValueError for lines that make no
    sense: reading them by ``read_recording`` names them."""
    sides = [[(raw, raw.socket(())) for raw in one.sockets] for one in (expected, received)]
    raws = {id(named): raw for side in sides for raw, named in side}
    before, after = ([named for _, named in side] for side in sides)
    for room in dict.fromkeys(socket.room for socket in (*before, *after)):
        stick = _of_this_room(yardstick, room)
        for left, right in _pairs(_of_room(before, room), _of_room(after, room)):
            raw_left, raw_right = raws.get(id(left)), raws.get(id(right))
            if raw_left is None or raw_right is None:  # one side has nobody in this room
                whole = [
                    raw.socket() if raw else one
                    for raw, one in ((raw_left, left), (raw_right, right))
                ]
                comparison = compare_sockets(whole[0], whole[1], stick)
            else:
                comparison = compare_raw(raw_left, raw_right, stick)
            yield RoomComparison(room, left, right, comparison)


def _of_this_room(yardstick: Yardstick, room: str) -> Yardstick:
    own = tuple(rule for rule in yardstick.own_rules if rule.is_for(room))
    return replace(yardstick, room=room, own_rules=own)


def _alike(
    expected: Recording, received: Recording, redactor: DigestRedactor
) -> tuple[Sequence[SocketRecording], Sequence[SocketRecording]]:
    if expected.redaction == received.redaction:
        return expected.sockets, received.sockets
    known = {one.redaction for one in (expected, received) if one.redaction}
    if known != {redactor.name}:
        raise ConfigError(
            f"Digests of {' and '.join(sorted(known))} cannot be compared with {redactor.name}.",
            remedy="Give the key file that the redacted recording was made with.",
        )
    sides = [
        one.sockets
        if one.redaction
        else tuple(redacted_socket(socket, redactor) for socket in one.sockets)
        for one in (expected, received)
    ]
    return sides[0], sides[1]


def _of_room(sockets: Iterable[SocketRecording], room: str) -> list[SocketRecording]:
    return [socket for socket in sockets if socket.room == room]


def _pairs(
    before: Sequence[SocketRecording], after: Sequence[SocketRecording]
) -> Iterator[tuple[SocketRecording, SocketRecording]]:
    """Each client of the other recording with one of the reference; where the reference has fewer
    than the other one, its last one stands for the rest."""
    for number in range(max(len(before), len(after))):
        left = before[min(number, len(before) - 1)] if before else None
        right = after[number] if number < len(after) else None
        if left is None and right is not None:
            yield replace(right, frames=()), right
        elif left is not None and right is not None:
            yield left, right
        elif left is not None and not after:
            yield left, replace(left, frames=())
