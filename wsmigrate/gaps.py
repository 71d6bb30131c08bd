"""The gaps of clients that are moved: from the end of a socket until the same client is back, and
what was published to its room meanwhile. Pure; clock values come in as data.

A client is known by its room and its address. Several clients of one room behind one address cannot
be told apart: the first to come back is taken for the first that left, so their gaps are right in
number and in sum, and the longest is right within a group that left together.
"""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

Who = tuple[str, str]
"""A room and a client's address."""


@dataclass(frozen=True)
class Gap:
    """Times in seconds. ``ended`` is None while the client is not back; ``frames`` is what fell
    into the gap, None where nobody listened to the room."""

    room: str
    began: float
    ended: float | None
    frames: int | None

    @property
    def length(self) -> float | None:
        """In seconds."""
        return None if self.ended is None else self.ended - self.began


@dataclass(frozen=True)
class Gaps:
    """What came of a step: ``moved`` clients came back, ``away`` did not. ``more_than_one`` is how
    many more gaps there were than clients when the step began. Lengths are in seconds."""

    moved: int
    away: int
    more_than_one: int
    mean: float | None
    longest: float | None
    frames: int | None


@dataclass
class GapBook:
    """Keeps the gaps of one step. Times are those of one clock, and do not go backwards."""

    _clients: Counter[Who] = field(default_factory=Counter)
    _open: dict[Who, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _early: dict[Who, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _done: list[tuple[Who, float, float]] = field(default_factory=list)
    _published: dict[str, list[float]] = field(default_factory=dict)

    def is_there(self, room: str, address: str) -> None:
        """A client that is connected before the step begins."""
        self._clients[room, address] += 1

    def left(self, room: str, address: str, at: float) -> None:
        """A socket was ended, or fell silent, at this moment."""
        early = self._early.get((room, address))
        while early and early[0] < at:
            early.popleft()  # that was somebody else
        if early:
            self._done.append(((room, address), at, early.popleft()))
        else:
            self._open[room, address].append(at)

    def came(self, room: str, address: str, at: float) -> bool:
        """A client came to the other server; whether it is one that had left. One that has not may
        be seen to leave, at an earlier moment, only later: the front door takes its time to let go
        of a socket."""
        waiting = self._open.get((room, address))
        if not waiting:
            self._early[room, address].append(at)
            return False
        self._done.append(((room, address), waiting.popleft(), at))
        return True

    def listen_to(self, room: str) -> None:
        """From now on ``published`` is called for the room."""
        self._published.setdefault(room, [])

    def published(self, room: str, at: float) -> None:
        """A message went to a room."""
        if room in self._published:
            bisect.insort(self._published[room], at)

    def gaps(self, until: float) -> list[Gap]:
        """All gaps. Those that are open count the frames ``until`` now."""
        closed = [
            Gap(who[0], began, ended, self._frames(who[0], began, ended))
            for who, began, ended in self._done
        ]
        still = [
            Gap(who[0], began, None, self._frames(who[0], began, until))
            for who, times in self._open.items()
            for began in times
        ]
        return closed + still

    def summary(self, until: float) -> Gaps:
        """The step in figures."""
        gaps = self.gaps(until)
        lengths = [gap.length for gap in gaps if gap.length is not None]
        heard = [gap.frames for gap in gaps if gap.frames is not None]
        return Gaps(
            moved=len(lengths),
            away=len(gaps) - len(lengths),
            more_than_one=self._more_than_one(),
            mean=sum(lengths) / len(lengths) if lengths else None,
            longest=max(lengths) if lengths else None,
            frames=sum(heard) if heard else None,
        )

    def _frames(self, room: str, began: float, ended: float) -> int | None:
        times = self._published.get(room)
        if times is None:
            return None
        return bisect.bisect_right(times, ended) - bisect.bisect_left(times, began)

    def _more_than_one(self) -> int:
        counts = Counter(who for who, _, _ in self._done)
        counts.update({who: len(times) for who, times in self._open.items()})
        return sum(max(0, count - self._clients[who]) for who, count in counts.items())
