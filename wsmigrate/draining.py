"""The pace at which open sockets of one server are closed, so that their clients come back to the
other: pure, clock values come in as data.

Three things bound it: sockets per second; clients that are on their way back (closed, and not seen
at the other server yet); and how the other server takes it: its errors, its answers, and whether
clients come back later than the first ones did.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from dataclasses import dataclass, field

from wsmigrate.errors import ConfigError
from wsmigrate.returns import Returns

_SLOWEST = 1 / 16
_FASTER_BY = 1 / 8
_SLOWER_BY = 1 / 2


@dataclass(frozen=True)
class Limits:
    """The bounds of a drain. Times are in seconds. Raises ConfigError.

    ``per_second`` sockets are closed each second at most, and ``in_flight`` clients may be on their
    way back at a time. One that is not back after ``back_within_s`` is counted and waited for no
    longer. The other server is looked at in windows of ``window_s``: more than ``errors_slow`` of a
    window's connects in vain (0 to 1), or answers slower than ``latency_slow_ms``, halve the pace;
    ``errors_stop`` and ``latency_stop_ms`` stop it until a window is good again. Clients that come
    back by more than ``latency_slow_ms`` later than the first ones did halve it too, and nobody is
    closed before those who are away are back.
    """

    per_second: float = 50.0
    in_flight: int = 100
    back_within_s: float = 10.0
    window_s: float = 1.0
    errors_slow: float = 0.02
    errors_stop: float = 0.2
    latency_slow_ms: float = 500.0
    latency_stop_ms: float = 5000.0

    def __post_init__(self) -> None:
        paces = (self.per_second, self.in_flight, self.back_within_s)
        if not all(math.isfinite(pace) and pace > 0 for pace in paces):
            raise ConfigError("The pace of a drain has to be above 0, and a finite number.")
        if self.errors_slow > self.errors_stop or self.latency_slow_ms > self.latency_stop_ms:
            raise ConfigError("A drain has to slow down before it stops.")


@dataclass(frozen=True)
class Reading:
    """The other server at one moment. ``connects``, ``errors`` and ``answered`` are counters that
    only grow; None is what cannot be known. A client is back once it is ``answered``; where that is
    not known, once it connects. ``latency_ms`` is of now, never a mean of long ago: a drain that is
    slow because of it waits for it to fall."""

    connects: int | None
    errors: int | None
    latency_ms: float | None
    answered: int | None = None

    @property
    def back(self) -> int | None:
        """Clients that are back, as far as it is known."""
        return self.connects if self.answered is None else self.answered


class Mood(str, enum.Enum):
    """How the drain goes on."""

    STEADY = "steady"
    SLOWED = "slowed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Verdict:
    """The mood after a window, and why, in a few words."""

    mood: Mood
    reason: str = ""


@dataclass
class Pacing:
    """How many sockets may be closed now. Times are those of one monotonic clock, in seconds.

    Call ``observe`` with what the other server counts, ``may_close`` before each closing, and
    ``closed`` after it. More may be closed than was allowed, as when a process is ended with all
    its sockets: the following ones wait until the rate is kept again.
    """

    limits: Limits
    verdict: Verdict = Verdict(Mood.STEADY)
    not_seen_back: int = 0
    most_in_flight: int = 0
    _factor: float = 1.0
    _credit: float = 0.0
    _credited_at: float | None = None
    _away: deque[tuple[float, int]] = field(default_factory=deque)
    _window_began: float | None = None
    _window: Reading | None = None
    _last: Reading | None = None
    _returns: Returns = field(default_factory=Returns)
    _found_late_at: float = float("-inf")
    _pace_changed_at: float = float("-inf")

    @property
    def in_flight(self) -> int:
        """Clients that were closed and are not back yet."""
        return sum(count for _, count in self._away)

    @property
    def rate(self) -> float:
        """Sockets per second as the other server allows now."""
        return 0.0 if self.verdict.mood is Mood.STOPPED else self.limits.per_second * self._factor

    def may_close(self, now: float, smallest: int = 1) -> int:
        """How many sockets may be closed at ``now``.

        ``smallest`` is the least that can be closed at once. If that is more than fits in flight,
        it may be closed once nobody is on the way.
        """
        self._forget(now)
        self._earn(now)
        room = self.limits.in_flight - self.in_flight
        if self.verdict.mood is Mood.STOPPED or self._lets_the_late_come() or self._credit < 1:
            return 0
        if smallest > room:
            return smallest if not self._away else 0
        return max(smallest, min(int(self._credit), room))

    def closed(self, now: float, count: int) -> None:
        """So many were closed at ``now``."""
        if count > 0:
            self._earn(now)
            self._credit -= count
            self._away.append((now, count))
            self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def observe(self, now: float, reading: Reading) -> Verdict:
        """Take in what the other server counts. A counter that shrinks was restarted."""
        self._came_back(now, _growth(self._last.back if self._last else None, reading.back))
        self._forget(now)
        self._last = reading
        if self._window is None or self._window_began is None:
            self._window_began, self._window = now, reading
        elif now - self._window_began >= self.limits.window_s:
            self._judge(now, self._window, reading)
            self._window_began, self._window = now, reading
        return self.verdict

    def _judge(self, now: float, before: Reading, after: Reading) -> None:
        errors = _growth(before.errors, after.errors)
        attempts = max(_growth(before.connects, after.connects), errors)
        share = errors / attempts if attempts else 0.0
        limits, latency = self.limits, after.latency_ms or 0.0
        late_s = self._returns.late_by(self._pace_changed_at)
        if share > limits.errors_stop or latency > limits.latency_stop_ms:
            self._slow_down(now, Mood.STOPPED, _why(share, errors, latency, limits.errors_stop))
        elif share > limits.errors_slow or latency > limits.latency_slow_ms:
            self._slow_down(now, Mood.SLOWED, _why(share, errors, latency, limits.errors_slow))
        elif late_s is not None and 1000 * late_s > limits.latency_slow_ms:
            self._found_late_at = now
            late = f"clients come back {late_s:.1f} s later than the first ones did"
            self._slow_down(now, Mood.SLOWED, late)
        elif late_s is not None or not self._needs_to_see_clients_in_time():
            self._speed_up(now)

    def _needs_to_see_clients_in_time(self) -> bool:
        """Once they were late it gets faster only when the present pace is seen to do, by those
        who are away; where nobody is, nobody comes."""
        was_late = self._found_late_at > float("-inf")
        return was_late and bool(self._away) and self.verdict.mood is not Mood.STOPPED

    def _slow_down(self, now: float, mood: Mood, reason: str) -> None:
        self._factor = max(_SLOWEST, self._factor * _SLOWER_BY)
        self._pace_changed_at = now
        self.verdict = Verdict(mood, reason)

    def _speed_up(self, now: float) -> None:
        if self._factor < 1.0:
            self._factor = min(1.0, self._factor + _FASTER_BY)
            self._pace_changed_at = now
        mood = Mood.STEADY if self._factor == 1.0 else Mood.SLOWED
        self.verdict = Verdict(mood, "" if mood is Mood.STEADY else "getting faster again")

    def _lets_the_late_come(self) -> bool:
        """Whether clients are still away that left before they were found to be late. Until they
        are back nobody follows them: with a queue before the other server the slower pace would
        show only after the queue is gone."""
        return bool(self._away) and self._away[0][0] <= self._found_late_at

    def _earn(self, now: float) -> None:
        """A second's worth can be saved up at most; a debt is not bounded."""
        if self._credited_at is None:
            self._credit = 1.0
        else:
            most = max(1.0, self.rate)
            self._credit = min(most, self._credit + (now - self._credited_at) * self.rate)
        self._credited_at = now

    def _came_back(self, now: float, count: int) -> None:
        while count > 0 and self._away:
            at, waiting = self._away.popleft()
            if waiting > count:
                self._away.appendleft((at, waiting - count))
            self._returns.came(at, now, min(waiting, count))
            count -= waiting

    def _forget(self, now: float) -> None:
        while self._away and now - self._away[0][0] > self.limits.back_within_s:
            self.not_seen_back += self._away.popleft()[1]


def _growth(before: int | None, after: int | None) -> int:
    if before is None or after is None:
        return 0
    return after - before if after >= before else after


def _why(share: float, errors: int, latency_ms: float, errors_limit: float) -> str:
    if share > errors_limit:
        return f"{errors} connects in vain ({share:.0%}) at the other server"
    return f"the other server takes {latency_ms:.0f} ms to answer"
