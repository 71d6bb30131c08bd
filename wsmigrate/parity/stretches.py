"""What of two long sequences has to be looked at: all but the stretches that are equal.

What is left out is the same on both sides, so whatever is found in the rest is found in the whole:
what is missing in one place and comes in another one is in the rest twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_CHUNK = 512
_RUN = 16
"""So many equal elements in a row are where both sides go on together again."""
_REACH = 64
"""So many elements may be missing or too many in one place until the rest is taken as a whole."""
_AROUND = 2
"""So many equal elements stay on either side of what differs."""

Window = tuple[int, int, int, int]
"""Start and stop in the first sequence, then in the second one."""


def kept_places(before: Sequence[bytes], after: Sequence[bytes]) -> tuple[list[int], list[int]]:
    """The places in both sequences that are not in equal stretches, in order, with some equal ones
    around them. Of equal sequences, one place of each stays.

    An element of ``after`` that is kept, and is in ``before`` in a stretch that is not, takes that
    place along: whether it was ever expected can be told then.
    """
    windows = list(_windows(before, after))
    if not windows:
        return [0][: len(before)], [0][: len(after)]
    # What is equal is shifted by as much as the windows before it are longer on one side.
    own: set[int] = set()
    other: set[int] = set()
    for start, stop, left, right in windows:
        first = min(_AROUND, start, left)
        last = min(_AROUND, len(before) - stop, len(after) - right)
        own.update(range(start - first, stop + last))
        other.update(range(left - first, right + last))
    for place, there in _also_expected(before, after, windows, own, other):
        own.add(place)
        other.add(there)
    return sorted(own), sorted(other)


def _windows(before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[Window]:
    place, there = 0, 0
    while True:
        equal = _equal_from(before, after, place, there)
        place, there = place + equal, there + equal
        if place == len(before) and there == len(after):
            return
        skip, skip_there = _together_again(before, after, place, there)
        yield place, place + skip, there, there + skip_there
        place, there = place + skip, there + skip_there


def _equal_from(before: Sequence[bytes], after: Sequence[bytes], place: int, there: int) -> int:
    """How many elements are equal from two places on."""
    limit = min(len(before) - place, len(after) - there)
    count = 0
    while count < limit:
        a = before[place + count : place + min(count + _CHUNK, limit)]
        b = after[there + count : there + min(count + _CHUNK, limit)]
        if a != b:
            return count + next(n for n, (one, other) in enumerate(zip(a, b)) if one != other)
        count += len(a)
    return count


def _together_again(
    before: Sequence[bytes], after: Sequence[bytes], place: int, there: int
) -> tuple[int, int]:
    """How much differs on both sides, until they go on together; all, where they do not soon."""
    for skip, skip_there in _STEPS:
        a, b = place + skip, there + skip_there
        if a > len(before) or b > len(after):
            continue
        run = before[a : a + _RUN]
        if run == after[b : b + _RUN] and (len(run) == _RUN or len(before) - a == len(after) - b):
            return skip, skip_there
    return len(before) - place, len(after) - there


def _steps() -> Iterator[tuple[int, int]]:
    """As many on both sides first: the one in the place of the other."""
    for size in range(1, _REACH + 1):
        yield size, size
        for less in range(size - 1, -1, -1):
            yield size, less
            yield less, size


_STEPS = tuple(_steps())


def _also_expected(
    before: Sequence[bytes],
    after: Sequence[bytes],
    windows: Sequence[Window],
    own: set[int],
    other: set[int],
) -> Iterator[tuple[int, int]]:
    """The first places in equal stretches of what is kept of ``after`` alone."""
    wanted = {after[place] for place in other} - {before[place] for place in own}
    start, shift = 0, 0
    for stop, next_start, _, next_there in (*windows, (len(before), 0, 0, 0)):
        if not wanted:
            return
        for place in range(start, stop):
            if before[place] in wanted:
                wanted.discard(before[place])
                yield place, place + shift
        start, shift = next_start, next_there - next_start
