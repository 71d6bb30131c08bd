"""Compares what two clients of one room got."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wsmigrate.compare import Comparison, Verdict, compare
from wsmigrate.compare import Kind as SequenceKind
from wsmigrate.parity.differences import Difference, DifferenceContext, Kind, misplaced
from wsmigrate.parity.ends import end_differences
from wsmigrate.parity.handshakes import handshake_differences
from wsmigrate.parity.messages import DataMessage, messages_of
from wsmigrate.parity.own_rules import OwnRule, masked
from wsmigrate.parity.payload_change import described_change
from wsmigrate.parity.recording import SocketRecording
from wsmigrate.parity.rules import Rule, built_in_rules, judged
from wsmigrate.parity.wire_form import form_difference

_SEQUENCE_KINDS = {
    SequenceKind.LOST: Kind.MISSING,
    SequenceKind.DUPLICATED: Kind.EXTRA,
    SequenceKind.OUT_OF_ORDER: Kind.REORDERED,
}

BLANK = "the rule leaves nothing of the message: nothing of it was compared"
"""The detail of messages that rules of the user's own blot out from end to end."""


@dataclass(frozen=True)
class Yardstick:
    """How to compare. ``late_after_s``: a message that takes so much longer than the reference's is
    late; None where times say nothing. ``elsewhere``: what was published, each with its room.
    ``with_ends``: whether the recordings go from the handshake to the end. ``varying``: the
    subjects that differ between two clients of the same server."""

    rules: tuple[Rule, ...] = field(default_factory=built_in_rules)
    own_rules: tuple[OwnRule, ...] = ()
    late_after_s: float | None = None
    elsewhere: Mapping[bytes, str] = field(default_factory=dict)
    with_ends: bool = True
    room: str = ""
    varying: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SocketComparison:
    """What a comparison of two clients came to: ``compared`` places of messages (without those of
    which own rules left nothing to compare), of which ``matched`` were the same; the differences.
    ``pairs`` are the places that belong together, in the reference and in the other one.
    """

    compared: int
    matched: int
    differences: tuple[Difference, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def mismatched(self) -> tuple[Difference, ...]:
        """The differences that no rule ignores."""
        return tuple(one for one in self.differences if one.verdict is Verdict.MISMATCHED)

    @property
    def ignored(self) -> tuple[Difference, ...]:
        """The differences that a rule ignores."""
        return tuple(one for one in self.differences if one.verdict is Verdict.IGNORED)


def compare_sockets(
    expected: SocketRecording, received: SocketRecording, yardstick: Yardstick
) -> SocketComparison:
    """Compares a client with the reference: messages by bytes, order, count and form; then, with
    ends, handshake, pongs and end.

    Frames that are put together to the same bytes are one message in two forms, not two messages.
    """
    before, after = messages_of(expected.frames), messages_of(received.frames)
    comparison = compare_messages(before, after, yardstick)
    found = list(comparison.differences)
    if yardstick.with_ends:
        found += handshake_differences(expected, received, yardstick.late_after_s)
        found += end_differences(expected, received)
    context = DifferenceContext(
        expected.handshake,
        received.handshake,
        yardstick.varying,
        expected.end,
        received.end,
        received.pings,
    )
    differences = tuple(
        judged(
            replace(one, room=expected.room, client=received.client, context=context),
            yardstick.rules,
        )
        if one.verdict is Verdict.MISMATCHED
        else replace(one, room=expected.room, client=received.client)
        for one in found
    )
    return replace(comparison, differences=differences)


def compare_messages(
    before: Sequence[DataMessage], after: Sequence[DataMessage], yardstick: Yardstick
) -> SocketComparison:
    """Compares two sequences of messages. The differences know no room or client yet, and no rule
    of the package has been applied to them."""
    same = _same_beginning(before, after)
    late = _late(before, after, _straight(same), yardstick)
    if same == len(before) == len(after):
        return SocketComparison(same, same - len(late), tuple(late), _straight(same))
    if bool(before) != bool(after):
        return _nothing_came(before, after)
    rest = _compare_rest(before[same:], after[same:], yardstick)
    return SocketComparison(
        same + rest.compared,
        same - len(late) + rest.matched,
        (*late, *(_moved(one, same) for one in rest.differences)),
        (*_straight(same), *((left + same, right + same) for left, right in rest.pairs)),
    )


def _straight(count: int) -> tuple[tuple[int, int], ...]:
    return tuple(zip(range(count), range(count)))


def _moved(difference: Difference, offset: int) -> Difference:
    index, received = difference.index, difference.received_index
    return difference.at(
        None if index is None else index + offset,
        None if received is None else received + offset,
    )


def _same_beginning(before: Sequence[DataMessage], after: Sequence[DataMessage]) -> int:
    count = 0
    for left, right in zip(before, after):
        # Everything but the times.
        if (
            left[0] != right[0]
            or left[1] != right[1]
            or left[2] != right[2]
            or left[3] != right[3]
            or left[5] != right[5]
        ):
            break
        count += 1
    return count


def _late(
    before: Sequence[DataMessage],
    after: Sequence[DataMessage],
    pairs: Iterable[tuple[int, int]],
    yardstick: Yardstick,
) -> list[Difference]:
    limit_s = yardstick.late_after_s
    if limit_s is None:
        return []
    return [
        Difference(
            Kind.LATE, "", "", before[left], after[right], left, right, detail=_lateness(behind_s)
        )
        for left, right in pairs
        if abs(behind_s := after[right].at - before[left].at) > limit_s
    ]


def _lateness(behind_s: float) -> str:
    if behind_s > 0:
        return f"{behind_s:.2f} s after the reference got it"
    return f"the reference got it {-behind_s:.2f} s after this one"


def _nothing_came(before: Sequence[DataMessage], after: Sequence[DataMessage]) -> SocketComparison:
    count = len(before) or len(after)
    whose = "the other one" if after else "the reference"
    detail = f"nothing came, and {whose} got {count} message{'' if count == 1 else 's'}"
    difference = Difference(
        Kind.EMPTY,
        "",
        "",
        before[0] if before else None,
        after[0] if after else None,
        0,
        detail=detail if before else f"the reference got nothing, this one {count}",
        count=count,
    )
    return SocketComparison(count, 0, (difference,))


def _compare_rest(
    before: Sequence[DataMessage], after: Sequence[DataMessage], yardstick: Yardstick
) -> SocketComparison:
    own = yardstick.own_rules
    before_masked = [masked(message, own) for message in before]
    after_masked = [masked(message, own) for message in after]
    lined_up = compare(
        [one.content for one in before_masked], [one.content for one in after_masked]
    )
    in_place = [(pair.expected, pair.received) for pair in lined_up.pairs]
    matched = blank = 0
    differences = list(_sequence_differences(lined_up, before, after, yardstick))
    for left, right in in_place:
        form = form_difference(before[left], after[right])
        if form is not None:
            differences.append(replace(form, index=left, received_index=right))
        elif before[left].content != after[right].content:
            own_masked = before_masked[left]
            used = {*own_masked.rules, *after_masked[right].rules}
            rules = sorted(used, key=lambda rule: rule.name)
            volatile = _volatile(before[left], after[right], left, right, rules)
            if own_masked.is_blank:
                blank += 1
                volatile = replace(volatile, detail=BLANK)
            differences.append(volatile)
        else:
            matched += 1
    for one in lined_up.differences:
        if one.expected is not None and one.received is not None:
            form = form_difference(before[one.expected], after[one.received])
            if form is not None:
                differences.append(replace(form, index=one.expected, received_index=one.received))
    late = _late(before, after, in_place, yardstick)
    extra = sum(one.expected is None for one in lined_up.differences)
    return SocketComparison(
        len(before) + extra - blank,
        max(0, matched - len(late)),
        tuple(sorted([*differences, *late], key=_place)),
        tuple(in_place),
    )


def _place(difference: Difference) -> tuple[int, int]:
    index, received = difference.index, difference.received_index
    known = [place for place in (index, received) if place is not None]
    return (known[0] if known else 0, known[-1] if known else 0)


def _volatile(
    before: DataMessage, after: DataMessage, left: int, right: int, rules: Sequence[OwnRule]
) -> Difference:
    return Difference(
        Kind.PAYLOAD,
        "",
        "",
        before,
        after,
        left,
        right,
        detail="differs in what the configuration lists as volatile",
    ).ignored(", ".join(rule.name for rule in rules), "; ".join(rule.reason for rule in rules))


def _sequence_differences(
    lined_up: Comparison,
    before: Sequence[DataMessage],
    after: Sequence[DataMessage],
    yardstick: Yardstick,
) -> Iterator[Difference]:
    ours = {message.content for message in before}
    for one in lined_up.differences:
        expected = None if one.expected is None else before[one.expected]
        received = None if one.received is None else after[one.received]
        kind, detail = _named(one.kind, expected, received)
        other_room = None if received is None else yardstick.elsewhere.get(received.content)
        is_foreign = other_room is not None and other_room != yardstick.room
        if received is not None and is_foreign and received.content not in ours:
            kind, detail = Kind.WRONG_ROOM, f"it was published to the room {other_room!r}"
        if kind is Kind.REORDERED and one.expected is not None and one.received is not None:
            detail = misplaced(one.expected, one.received)
        yield Difference(
            kind, "", "", expected, received, one.expected, one.received, detail=detail
        )


def _named(
    kind: SequenceKind, expected: DataMessage | None, received: DataMessage | None
) -> tuple[Kind, str]:
    if kind is SequenceKind.DUPLICATED:
        return Kind.EXTRA, "it came more often than the reference got it"
    if kind is not SequenceKind.MISMATCHED:
        return _SEQUENCE_KINDS[kind], ""
    if received is not None and not received.complete:
        return Kind.FRAGMENTATION, "the last fragment never came"
    if expected is None or received is None:
        return Kind.EXTRA, "the reference never got such a message"
    if expected.cannot_be_inflated or received.cannot_be_inflated:
        return Kind.COMPRESSION, "it says that it is compressed (RSV1), and cannot be inflated"
    return Kind.PAYLOAD, described_change(expected, received)
