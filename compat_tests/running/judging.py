"""Judges what the clients of a case got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from compat_tests.cases.case import Case
from compat_tests.running.acted import Acted
from compat_tests.running.excerpts import (
    first_common_probe,
    from_probe,
    of_publisher,
    tail_like,
)
from compat_tests.running.options import RunOptions, Side
from compat_tests.running.outcomes import CaseOutcome
from compat_tests.running.seats import Seat
from wsmigrate.compare import Verdict
from wsmigrate.parity.comparison import SocketComparison, Yardstick, compare_sockets
from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.frames import is_control
from wsmigrate.parity.messages import DataMessage, messages_of
from wsmigrate.parity.recording import SocketRecording
from wsmigrate.parity.rules import built_in_rules, judged
from wsmigrate.parity.rules.order_between_publishers import BETWEEN_PUBLISHERS

_MAX_DIFFERENCES = 500
_TELLS_ITS_ROOM = 8
"""Shorter messages come about by accident: what loses its last bytes may look like another one."""
_ITSELF = "the {} server differs from itself: "


@dataclass(frozen=True)
class _Group:
    """A client of a case in all its copies: of each server the first and the second."""

    name: str
    seats: Mapping[tuple[Side, int], Seat]
    recordings: Mapping[tuple[Side, int], SocketRecording]


class Judge:
    """Compares, with the rules of a run. ``rooms`` says what was published to which room."""

    def __init__(self, options: RunOptions, rooms: Mapping[bytes, str]) -> None:
        self._options = options
        self._rooms = rooms
        self._rules = built_in_rules()

    def judge(self, acted: Acted, seconds: float) -> CaseOutcome:
        """The outcome of a case."""
        groups = list(_groups(acted))
        doubts: list[str] = []
        comparisons = [one for group in groups for one in self._compare(acted, group, doubts)]
        differences = [
            replace(one, case=acted.case.name)
            for comparison in comparisons
            for one in comparison.differences
        ]
        if not any(one.verdict is Verdict.MISMATCHED for one in differences):
            doubts += _shortfalls(acted)
        differences.sort(key=lambda one: one.verdict is not Verdict.MISMATCHED)
        return CaseOutcome(
            acted.case,
            sum(one.compared for one in comparisons),
            sum(one.matched for one in comparisons),
            tuple(differences[:_MAX_DIFFERENCES]),
            tuple(dict.fromkeys(doubts)),
            seconds=seconds,
            recordings={
                group.seats[key].label: recording
                for group in groups
                for key, recording in group.recordings.items()
            },
        )

    def _compare(
        self, acted: Acted, group: _Group, doubts: list[str]
    ) -> Iterable[SocketComparison]:
        """Both clients of the new server with the reference; and of each server the second with
        the first, which is the baseline: messages only, and nothing that counts as compared."""
        reference = group.recordings[Side.LEGACY, 1]
        yardstick = self._yardstick(acted, group, reference.room)
        baseline = self._one(acted, group, (Side.LEGACY, 1), (Side.LEGACY, 2), yardstick)
        volatile = {
            one.index
            for one in baseline.mismatched
            if one.kind is Kind.PAYLOAD and not self._is_published(one)
        }
        if volatile:
            doubts.append(
                f"the old server sends {len(volatile)} message(s) of {group.name!r} to each client "
                "with other bytes: add a rule for what is volatile in them"
            )
        found = []
        for replica in (1, 2):
            comparison = self._best(acted, group, (Side.CHANNELS, replica), yardstick)
            found.append(_without(comparison, volatile, doubts=bool(volatile)))
        found.append(_baseline(_without(baseline, volatile, doubts=bool(volatile))))
        return found

    def _best(
        self, acted: Acted, group: _Group, other: tuple[Side, int], yardstick: Yardstick
    ) -> SocketComparison:
        """With whichever client of the old server it agrees more: where they differ, the baseline
        says so."""
        both = [
            self._one(acted, group, (Side.LEGACY, replica), other, yardstick) for replica in (1, 2)
        ]
        return min(both, key=lambda one: len(one.mismatched))

    def _one(
        self,
        acted: Acted,
        group: _Group,
        expected: tuple[Side, int],
        received: tuple[Side, int],
        yardstick: Yardstick,
    ) -> SocketComparison:
        before, after = group.recordings[expected], group.recordings[received]
        label = group.seats[received].label
        client = next(one for one in acted.case.clients if one.name == group.name)
        if client.tail_of:
            whole = _recording_of(acted, client.tail_of, expected)
            before = replace(before, frames=tail_like(whole.frames, after.frames))
        elif acted.probes:
            first = first_common_probe(group.recordings.values())
            before = replace(before, frames=from_probe(before.frames, first))
            after = replace(after, frames=from_probe(after.frames, first))
        after = replace(after, client=label)
        if acted.publishers:
            return self._of_publishers(acted, before, after, yardstick)
        return compare_sockets(before, after, yardstick)

    def _of_publishers(
        self,
        acted: Acted,
        before: SocketRecording,
        after: SocketRecording,
        yardstick: Yardstick,
    ) -> SocketComparison:
        """Each publisher's messages by themselves; then whether they interleave alike."""
        parts = []
        for number in (-1, *sorted(set(acted.publishers.values()))):
            halves = [
                replace(one, frames=of_publisher(one.frames, acted.publishers, number))
                for one in (before, after)
            ]
            stick = replace(yardstick, with_ends=number == -1)
            parts.append(compare_sockets(halves[0], halves[1], stick))
        differences = [one for part in parts for one in part.differences]
        if not differences or all(one.verdict is Verdict.IGNORED for one in differences):
            orders = [[m.content for m in messages_of(one.frames)] for one in (before, after)]
            if orders[0] != orders[1]:
                other = Difference(
                    Kind.REORDERED,
                    before.room,
                    after.client,
                    subject=BETWEEN_PUBLISHERS,
                    detail="two publishers at once are interleaved in another way",
                )
                differences.append(judged(other, self._rules))
        return SocketComparison(
            sum(part.compared for part in parts),
            sum(part.matched for part in parts),
            tuple(differences),
        )

    def _yardstick(self, acted: Acted, group: _Group, room: str) -> Yardstick:
        return Yardstick(
            self._rules,
            tuple(rule for rule in self._options.own_rules if rule.is_for(room)),
            self._options.late_after_s + acted.case.slack_s if acted.case.timed else None,
            {
                content: room
                for content, room in self._rooms.items()
                if room and len(content) >= _TELLS_ITS_ROOM
            },
            room=room,
            varying=_varying(group.recordings),
        )

    def _is_published(self, difference: Difference) -> bool:
        """Whether one side of it is what was published, so that the other one is wrong."""
        sides = (difference.expected, difference.received)
        return any(isinstance(one, DataMessage) and one.content in self._rooms for one in sides)


def _groups(acted: Acted) -> Iterable[_Group]:
    for client in acted.case.clients:
        seats = {
            (seat.side, seat.replica): seat for seat in acted.seats if seat.name == client.name
        }
        if seats:
            recordings = {
                key: _recording(acted.case, seat.wire.recording(seat.label, seat.room))
                for key, seat in seats.items()
            }
            yield _Group(client.name, seats, recordings)


def _recording(case: Case, recording: SocketRecording) -> SocketRecording:
    if case.has_data:
        return recording
    frames = tuple(frame for frame in recording.frames if is_control(frame.opcode))
    return replace(recording, frames=frames)


def _recording_of(acted: Acted, name: str, key: tuple[Side, int]) -> SocketRecording:
    seat = next(
        seat for seat in acted.seats if seat.name == name and (seat.side, seat.replica) == key
    )
    return seat.wire.recording(seat.label, seat.room)


def _varying(recordings: Mapping[tuple[Side, int], SocketRecording]) -> frozenset[str]:
    """The headers that two clients of one server got with different values."""
    names: set[str] = set()
    for side in Side:
        first, second = recordings[side, 1].handshake, recordings[side, 2].handshake
        if first is None or second is None:
            continue
        one, other = first.values(), second.values()
        both = (one.keys() & other.keys()) - {"sec-websocket-accept"}  # that one has to fit the key
        names |= {f"header:{name}" for name in both if one[name] != other[name]}
    return frozenset(names)


def _without(
    comparison: SocketComparison, volatile: Iterable[int | None], *, doubts: bool
) -> SocketComparison:
    """Leaves out payloads that the old server itself sends in two ways."""
    if not doubts:
        return comparison
    places = set(volatile)
    return replace(
        comparison,
        differences=tuple(
            one
            for one in comparison.differences
            if not (one.kind is Kind.PAYLOAD and one.index in places)
        ),
    )


def _baseline(comparison: SocketComparison) -> SocketComparison:
    """Of the baseline only what is about messages, the end or the handshake's status is told."""
    told = tuple(
        replace(one, detail=_ITSELF.format("old") + one.detail) for one in comparison.mismatched
    )
    return SocketComparison(0, 0, told)


def _shortfalls(acted: Acted) -> list[str]:
    """What neither server delivered proves nothing."""
    if not acted.case.has_data:
        return []
    doubts = []
    seats = [seat for seat in acted.seats if seat.wire.handshake and seat.wire.handshake.is_open]
    if not any(seat.wire.messages for seat in seats):
        doubts.append("nothing came from either server")
    elif any(seat.is_short for seat in seats):
        doubts.append("both servers are short of messages that were published")
    return doubts
