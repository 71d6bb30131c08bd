"""Compares two servers while messages flow, room by room. No I/O: times come in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from wsmigrate.compare import Verdict
from wsmigrate.parity.comparison import Yardstick, compare_messages
from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.own_rules import OwnRule, masked
from wsmigrate.parity.rules import judged

_MAX_LAGS = 10_000


@dataclass
class LiveFigures:
    """What was counted since the last ``taken``. ``skipped``: messages that one side got before the
    other one listened. ``lags_s``: how much later than the reference the other side was."""

    expected: int = 0
    received: int = 0
    compared: int = 0
    matched: int = 0
    ignored: int = 0
    mismatched: int = 0
    skipped: int = 0
    lags_s: list[float] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    def taken(self) -> LiveFigures:
        """What was counted, and begin anew."""
        taken = replace(self, lags_s=list(self.lags_s), differences=list(self.differences))
        self.__init__()  # type: ignore[misc]
        return taken

    def add(self, other: LiveFigures, *, keep: bool = True) -> None:
        """Add what was counted elsewhere; without ``keep`` the counts only, since a watch may go on
        for days."""
        for name in ("expected", "received", "compared", "matched", "ignored", "mismatched"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.skipped += other.skipped
        if not keep:
            return
        self.lags_s += other.lags_s[: _MAX_LAGS - len(self.lags_s)]
        self.differences += other.differences


class LiveRoom:
    """One room on both sides.

    Equal heads are taken off at once. What does not fit waits for ``window_s``, since the other
    side may be slower; then it is compared and named. Before the first message that both have,
    whatever one side alone has is skipped: the two did not begin to listen in the same instant.
    """

    def __init__(self, room: str, yardstick: Yardstick, window_s: float) -> None:
        self.room = room
        self.figures = LiveFigures()
        self._yardstick = replace(
            yardstick,
            room=room,
            with_ends=False,
            own_rules=tuple(rule for rule in yardstick.own_rules if rule.is_for(room)),
        )
        self._window_s = window_s
        self._expected: deque[DataMessage] = deque()
        self._received: deque[DataMessage] = deque()
        self._has_begun = False
        self._place = 0

    @property
    def pending(self) -> int:
        """Messages that wait for the other side."""
        return max(len(self._expected), len(self._received))

    def expect(self, message: DataMessage) -> None:
        """The reference got a message."""
        self.figures.expected += 1
        self._expected.append(message)
        self._take_equal()

    def receive(self, message: DataMessage) -> None:
        """The other side got one."""
        self.figures.received += 1
        self._received.append(message)
        self._take_equal()

    def settle(self, now: float) -> None:
        """Compare what has waited for too long."""
        limit = now - self._window_s
        if any(queue and queue[0].at <= limit for queue in (self._expected, self._received)):
            self._compare(limit)

    def finish(self) -> None:
        """Compare all that is left."""
        if self._expected or self._received:
            self._compare(float("inf"))

    def _take_equal(self) -> None:
        expected, received = self._expected, self._received
        while expected and received:
            left, right = expected[0], received[0]
            if left[0] != right[0] or left[1] != right[1] or left[2] != right[2]:
                return
            expected.popleft()
            received.popleft()
            self._has_begun = True
            self._place += 1
            figures = self.figures
            figures.compared += 1
            figures.matched += 1
            if len(figures.lags_s) < _MAX_LAGS:
                figures.lags_s.append(right.at - left.at)

    def _compare(self, limit: float) -> None:
        before, after = list(self._expected), list(self._received)
        if not self._has_begun and not self._begin(before, after, limit):
            return
        comparison = compare_messages(before, after, self._yardstick)
        left, right = _settled(before, after, comparison.pairs, limit)
        figures = self.figures
        for one in comparison.differences:
            for single in _one_by_one(one, before, after):
                if _is_before(single, left, right):
                    self._note(single)
        figures.compared += max(left, right)
        differing = {one.index for one in comparison.differences}
        pairs = [(i, j) for i, j in comparison.pairs if i < left and j < right]
        figures.matched += sum(i not in differing for i, _ in pairs)
        figures.lags_s += [after[j].at - before[i].at for i, j in pairs][:_MAX_LAGS]
        for _ in range(left):
            self._expected.popleft()
        for _ in range(right):
            self._received.popleft()
        self._place += left
        self._take_equal()

    def _begin(self, before: list[DataMessage], after: list[DataMessage], limit: float) -> bool:
        """Skip what one side has before the first message that both have. False if there is none:
        then what is old enough is skipped, unless the other side has had its time to begin."""
        rules = self._yardstick.own_rules
        mine = {_content(message, rules): place for place, message in enumerate(reversed(before))}
        for place, message in enumerate(after):
            found = mine.get(_content(message, rules))
            if found is not None:
                first = len(before) - 1 - found
                if not (place and first):  # what both have before it are differences
                    self._skip(first, place)
                    del before[:first], after[:place]
                self._has_begun = True
                return True
        if before and after and before[0].at <= limit and after[0].at <= limit:
            self._has_begun = True
            return True
        if before and before[0].at <= limit - self._window_s:
            self._has_begun = True  # the other side is deaf, and not late to begin
            return True
        return False

    def _skip(self, left: int, right: int) -> None:
        for _ in range(left):
            self._expected.popleft()
        for _ in range(right):
            self._received.popleft()
        self.figures.skipped += left + right

    def _note(self, difference: Difference) -> None:
        index = None if difference.index is None else difference.index + self._place
        moved = replace(difference, room=self.room, client="channels", index=index)
        if moved.verdict is Verdict.MISMATCHED:
            moved = judged(moved, self._yardstick.rules)
        if moved.verdict is Verdict.IGNORED:
            self.figures.ignored += 1
        else:
            self.figures.mismatched += 1
        self.figures.differences.append(moved)


def _content(message: DataMessage, rules: tuple[OwnRule, ...]) -> bytes:
    return masked(message, rules).content


def _settled(
    before: list[DataMessage],
    after: list[DataMessage],
    pairs: tuple[tuple[int, int], ...],
    limit: float,
) -> tuple[int, int]:
    """How much of both sides is decided: all up to the last pair; and beyond it what is old."""
    left, right = (pairs[-1][0] + 1, pairs[-1][1] + 1) if pairs else (0, 0)
    while left < len(before) and before[left].at <= limit:
        left += 1
    while right < len(after) and after[right].at <= limit:
        right += 1
    return left, right


def _one_by_one(
    difference: Difference, before: list[DataMessage], after: list[DataMessage]
) -> Iterator[Difference]:
    """What is empty as a whole is missing piece by piece while messages flow."""
    if difference.kind is not Kind.EMPTY:
        yield difference
    elif before:
        for index, message in enumerate(before):
            yield Difference(Kind.MISSING, "", "", message, None, index)
    else:
        for index, message in enumerate(after):
            yield Difference(Kind.EXTRA, "", "", None, message, None, index)


def _is_before(difference: Difference, left: int, right: int) -> bool:
    if difference.index is not None:
        return difference.index < left
    return difference.received_index is not None and difference.received_index < right
