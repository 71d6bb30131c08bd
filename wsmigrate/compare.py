"""What became of a sequence of payloads on its way: lost, duplicated, out of order, mismatched.

Frames carry no id on the wire, and many of them may be equal, so a received payload does not say
which of the expected ones it is. The comparison lines up as many payloads as it can and calls the
rest by name; of two explanations it takes the one with fewer differences, and of two with as many
the one that leaves more payloads in their places.
"""

from __future__ import annotations

import bisect
import enum
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

_MAX_CELLS = 400_000_000
"""Beyond so many pairs of places (50 MB) long sequences are compared piece by piece."""

_CUT = 16_000


class Verdict(str, enum.Enum):
    """What a comparison comes to. IGNORED: it differs in what a named rule lists, and only there
    (wsmigrate.parity.rules)."""

    MATCHED = "matched"
    IGNORED = "ignored"
    MISMATCHED = "mismatched"


class Kind(str, enum.Enum):
    """How a payload fell short of what was expected."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    OUT_OF_ORDER = "out_of_order"
    MISMATCHED = "mismatched"


class Pair(NamedTuple):
    """A place in the expected sequence and the place in the received one that was lined up with it.
    Both count from 0."""

    expected: int
    received: int


@dataclass(frozen=True)
class Difference:
    """One difference, and where it is: a lost payload has no received place, a duplicated one no
    expected place, a mismatched one no expected place if it stands for nothing that is missing."""

    kind: Kind
    expected: int | None
    received: int | None


@dataclass(frozen=True)
class Comparison:
    """The outcome: what was received in its place, and every difference.

    ``pairs`` are the equal payloads that were lined up, in order. Two empty sequences match; that
    there has to be data is for the caller to demand.
    """

    pairs: tuple[Pair, ...]
    differences: tuple[Difference, ...]

    @property
    def lost(self) -> int:
        """Expected payloads that never came."""
        return self._count(Kind.LOST)

    @property
    def duplicated(self) -> int:
        """Received payloads that were expected, but fewer times."""
        return self._count(Kind.DUPLICATED)

    @property
    def out_of_order(self) -> int:
        """Expected payloads that came, but not in their places. Two neighbours that changed places
        count as one. The fewest that can be moved to restore the order, unless strangers came too.
        """
        return self._count(Kind.OUT_OF_ORDER)

    @property
    def mismatched(self) -> int:
        """Received payloads that were never expected, whether or not one is missing in their
        place. One that stands for a missing one is not counted as lost as well."""
        return self._count(Kind.MISMATCHED)

    @property
    def verdict(self) -> Verdict:
        """MATCHED if the two sequences are the same, in order and to the last byte."""
        return Verdict.MISMATCHED if self.differences else Verdict.MATCHED

    def _count(self, kind: Kind) -> int:
        return sum(difference.kind is kind for difference in self.differences)


def compare(expected: Sequence[bytes], received: Sequence[bytes]) -> Comparison:
    """Compares the sequence that a client should have got with the one that it got.

    Exact where one kind of fault struck: with k payloads left out, lost is k and all else 0; with
    some repeated, only duplicated counts; with some replaced by payloads that were never expected,
    only mismatched; with two different neighbours exchanged, out_of_order is 1.

    Equal sequences cost linear time. What is left between the common beginning and the common end,
    n payloads against m, costs about n*m/64 machine steps and n*m/8 bytes of memory for the while:
    10,000 against 10,000 a fraction of a second and 12 MB. Above 20,000 against 20,000 it is cut at
    payloads that are there once on both sides; then the counts of several faults at once may be
    higher than need be, never zero.
    """
    known = frozenset(expected)
    explanation = _explanation(expected, received, known, stand_ins=True)
    if not explanation.mismatched:
        return explanation
    other = _explanation(expected, received, known, stand_ins=False)
    return min(explanation, other, key=lambda one: (len(one.differences), -len(one.pairs)))


def _explanation(
    expected: Sequence[bytes],
    received: Sequence[bytes],
    known: AbstractSet[bytes],
    *,
    stand_ins: bool,
) -> Comparison:
    start, end = _common_ends(expected, received)
    expected_end, received_end = len(expected) - end, len(received) - end
    lined_up = _lined_up(
        expected[start:expected_end], received[start:received_end], known, stand_ins=stand_ins
    )
    middle = [Pair(pair.expected + start, pair.received + start) for pair in lined_up]
    equal = [pair for pair in middle if received[pair.received] in known]
    head = (Pair(index, index) for index in range(start))
    tail = (Pair(expected_end + index, received_end + index) for index in range(end))
    missing = set(range(start, expected_end)).difference(pair.expected for pair in equal)
    extra = set(range(start, received_end)).difference(pair.received for pair in equal)
    return Comparison(
        (*head, *equal, *tail),
        tuple(_differences(expected, received, known, middle, missing=missing, extra=extra)),
    )


def _common_ends(expected: Sequence[bytes], received: Sequence[bytes]) -> tuple[int, int]:
    """The lengths of the common beginning and, of what remains, of the common end."""
    shorter = min(len(expected), len(received))
    start = 0
    while start < shorter and expected[start] == received[start]:
        start += 1
    end = 0
    while end < shorter - start and expected[-1 - end] == received[-1 - end]:
        end += 1
    return start, end


def _lined_up(
    expected: Sequence[bytes],
    received: Sequence[bytes],
    known: AbstractSet[bytes],
    *,
    stand_ins: bool,
) -> list[Pair]:
    """The longest line-up, piece by piece where the whole would take too much memory."""
    if len(expected) * len(received) <= _MAX_CELLS:
        return _longest(expected, received, known, stand_ins=stand_ins)
    pairs: list[Pair] = []
    left = right = 0
    for stop in (*_anchors(expected, received), Pair(len(expected), len(received))):
        piece, other = expected[left : stop.expected], received[right : stop.received]
        start, end = _common_ends(piece, other)
        pairs += [Pair(left + place, right + place) for place in range(start)]
        inner = _longest(
            piece[start : len(piece) - end],
            other[start : len(other) - end],
            known,
            stand_ins=stand_ins,
        )
        pairs += [Pair(left + start + p.expected, right + start + p.received) for p in inner]
        pairs += [
            Pair(stop.expected - end + place, stop.received - end + place) for place in range(end)
        ]
        left, right = stop
    return pairs


def _anchors(expected: Sequence[bytes], received: Sequence[bytes]) -> list[Pair]:
    """Pairs that cut two long sequences into pieces: the payloads that each has once, as many as
    are in the same order (the patience diff); and where they leave too much between two, cuts at
    set distances. Such a pair is where a piece ends, and the first of the next one."""
    once = [payload for payload, count in Counter(expected).items() if count == 1]
    in_received = Counter(received)
    places = {payload: place for place, payload in enumerate(received)}
    own = {payload: place for place, payload in enumerate(expected)}
    common = [Pair(own[one], places[one]) for one in once if in_received[one] == 1]
    anchors: list[Pair] = []
    last = Pair(0, 0)
    for anchor in (*_increasing(common), Pair(len(expected), len(received))):
        last_cut = last
        while (anchor.expected - last_cut.expected) * (
            anchor.received - last_cut.received
        ) > _MAX_CELLS:
            last_cut = Pair(
                min(anchor.expected, last_cut.expected + _CUT),
                min(anchor.received, last_cut.received + _CUT),
            )
            anchors.append(last_cut)
        anchors.append(anchor)
        last = anchor
    return anchors[:-1]


def _increasing(pairs: Sequence[Pair]) -> list[Pair]:
    """The longest run of pairs, in order of ``expected``, in which ``received`` grows too."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for number, pair in enumerate(pairs):
        place = bisect.bisect_left(tails, pair.received)
        before.append(ends[place - 1] if place else -1)
        if place == len(tails):
            tails.append(pair.received)
            ends.append(number)
        else:
            tails[place], ends[place] = pair.received, number
    chain = []
    number = ends[-1] if ends else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    chain.reverse()
    return chain


def _longest(
    expected: Sequence[bytes],
    received: Sequence[bytes],
    known: AbstractSet[bytes],
    *,
    stand_ins: bool,
) -> list[Pair]:
    """The longest line-up, in order: equal payloads, and with ``stand_ins`` never-expected ones in
    the places of payloads that came too seldom.

    It is a longest common subsequence in which a stand-in equals whatever is missing. Without that,
    one altered payload in a run of equal ones could be lined up beside the gap that it fills.
    """
    rows = _growth_rows(expected, received, known, stand_ins=stand_ins)
    pairs = []
    left, taken = len(expected), len(received)
    while left and taken:
        bit = 1 << (left - 1)
        if expected[left - 1] != received[taken - 1]:
            if rows[taken] & bit:
                left -= 1
                continue
            if not rows[taken - 1] & bit:
                taken -= 1
                continue
        left, taken = left - 1, taken - 1
        pairs.append(Pair(left, taken))
    pairs.reverse()
    return pairs


def _growth_rows(
    expected: Sequence[bytes],
    received: Sequence[bytes],
    known: AbstractSet[bytes],
    *,
    stand_ins: bool,
) -> list[int]:
    """Row j is for the first j received payloads: bit i is 0 where the expected payload i makes
    their line-up with the expected ones before it longer by one.

    The bit-parallel recurrence of Hyyrö, "Bit-Parallel LCS-Length Computation Revisited" (2004),
    on Python's integers.
    """
    everywhere = (1 << len(expected)) - 1
    places: dict[bytes, int] = dict.fromkeys(known, 0)
    for index, payload in enumerate(expected):
        places[payload] |= 1 << index
    missing = 0
    if stand_ins:
        for payload in Counter(expected) - Counter(received):
            missing |= places[payload]
    rows = [everywhere]
    for payload in received:
        row = rows[-1]
        matching = row & places.get(payload, missing)
        rows.append(((row + matching) | (row - matching)) & everywhere)
    return rows


def _differences(
    expected: Sequence[bytes],
    received: Sequence[bytes],
    known: AbstractSet[bytes],
    lined_up: Sequence[Pair],
    *,
    missing: set[int],
    extra: set[int],
) -> Iterator[Difference]:
    """Names what is left over: ``missing`` and ``extra`` are the places, in the expected and in the
    received sequence, that were not lined up with an equal payload."""
    unclaimed: dict[bytes, deque[int]] = {}
    for place in sorted(missing):
        unclaimed.setdefault(expected[place], deque()).append(place)
    lost = set(missing)
    for place in sorted(place for place in extra if received[place] in known):
        own_places = unclaimed.get(received[place])
        if own_places:
            lost.discard(own_places[0])
            yield Difference(Kind.OUT_OF_ORDER, own_places.popleft(), place)
        else:
            yield Difference(Kind.DUPLICATED, None, place)
    stood_for = {pair.received: pair.expected for pair in lined_up}
    for place in sorted(place for place in extra if received[place] not in known):
        fits = stood_for.get(place) in lost
        yield Difference(Kind.MISMATCHED, stood_for[place] if fits else None, place)
        lost.discard(stood_for.get(place, -1))
    for place in sorted(lost):
        yield Difference(Kind.LOST, place, None)
