"""A drain: the loop that closes, watches and keeps the book."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from migrate_cli.drain.broker import RoomListener
from migrate_cli.drain.census import Census, Seen
from migrate_cli.drain.closers import Closer, Silence
from migrate_cli.drain.watching import OtherServer
from migrate_cli.routers.port import NotOfferedError
from wsmigrate.draining import Limits, Mood, Pacing, Verdict
from wsmigrate.errors import UnavailableError
from wsmigrate.gaps import GapBook, Gaps
from wsmigrate.sides import Side

_TICK_S = 0.1
_REPORT_EVERY_S = 1.0
_COUNT_EVERY_S = 0.5
_LOOKS_APART = 3
"""A census is taken so many times its own duration after the last, unless sockets were closed."""


@dataclass(frozen=True)
class Progress:
    """Where a drain stands."""

    elapsed_s: float
    left: int
    closed: int
    in_flight: int
    verdict: Verdict


@dataclass(frozen=True)
class Outcome:
    """What became of a drain. ``left`` sockets are still open; ``gaps`` is None where the front
    door does not tell who is who, and ``not_counted`` says why frames in them are not counted, or
    not all of them. ``slowed_s`` and ``stopped_s`` are how long the other server held it back."""

    side: Side
    seconds: float
    closed: int
    left: int
    not_seen_back: int
    most_in_flight: int
    slowed_s: float
    stopped_s: float
    silences: tuple[Silence, ...]
    gaps: Gaps | None
    given_up: str = ""
    not_counted: str = ""


@dataclass
class Drain:
    """Closes the sockets of ``side`` with ``closer`` until none is left.

    Gives up, with the rest open and untouched, when the other server or a front door that does not
    answer has held it for ``patience_s`` seconds, after ``within_s``, or once ``should_stop`` says
    so; whatever was closed by then is accounted for. May be called again. The share of the front
    door is the caller's to set before: clients come back to where it sends them.
    """

    side: Side
    closer: Closer
    other: OtherServer
    limits: Limits
    census: Census | None = None
    listener: RoomListener | None = None
    patience_s: float = 60.0
    within_s: float = 3600.0
    report: Callable[[Progress], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _book: GapBook = field(default_factory=GapBook)
    _seen: Mapping[str, Seen] = field(default_factory=dict)
    _held: dict[Mood, float] = field(default_factory=dict)
    _looked: float = 0.0
    _closing: float | None = None
    _look_again: float = 0.0
    _count_again: float = float("-inf")
    _closed: int = 0
    _left: int = 0
    _is_counted: bool = False
    _not_counted: str = ""

    def run(self) -> Outcome:
        """Drain. Raises NotOfferedError where the front door cannot, and RouterError where it does
        not answer at the beginning; nothing was closed then."""
        pacing = Pacing(self.limits)
        began = self.clock()
        self._begin()
        try:
            given_up = self._close_all(pacing)
            if not given_up:
                self.closer.finish(self.clock())
            self._wait_for_those_away(pacing)
        finally:
            if self.listener:
                self.listener.stop()
        self._hear()
        if self.listener and self.listener.is_broken:
            self._not_counted = "The connection to the broker broke: there may be more of them."
        now = self.clock()
        return Outcome(
            side=self.side,
            seconds=now - began,
            closed=self._closed,
            left=self._left,
            not_seen_back=pacing.not_seen_back + pacing.in_flight,
            most_in_flight=pacing.most_in_flight,
            slowed_s=self._held.get(Mood.SLOWED, 0.0),
            stopped_s=self._held.get(Mood.STOPPED, 0.0),
            silences=tuple(self.closer.silences()),
            gaps=self._book.summary(now) if self.census else None,
            given_up=given_up,
            not_counted=self._not_counted,
        )

    def _begin(self) -> None:
        if self.census:
            self._looked = self.clock()
            self._seen = self.census.clients()
            mine = [seen for seen in self._seen.values() if seen.side is self.side]
            for seen in mine:
                self._book.is_there(seen.room, seen.address)
            self._listen(sorted({seen.room for seen in mine}))

    def _listen(self, rooms: list[str]) -> None:
        """Hear what is published to rooms. To count it is no reason to leave sockets where they
        are, so a broker that is away hinders nothing."""
        if not self.listener:
            return
        try:
            for room in self.listener.start(rooms):
                self._book.listen_to(room)
        except UnavailableError as error:
            self.listener, self._not_counted = None, error.what

    def _close_all(self, pacing: Pacing) -> str:
        """Returns why it gave up; empty if none is left."""
        began = last = reported = self.clock()
        stopped_for = 0.0
        while True:
            now = self.clock()
            verdict = self._step(pacing, now)
            self._held[verdict.mood] = self._held.get(verdict.mood, 0.0) + now - last
            stopped_for = stopped_for + now - last if verdict.mood is Mood.STOPPED else 0.0
            last = now
            done = self._is_counted and not self._left
            if done or now - reported >= _REPORT_EVERY_S:
                flight = pacing.in_flight
                self.report(Progress(now - began, self._left, self._closed, flight, verdict))
                reported = now
            if done:
                return ""
            if stopped_for > self.patience_s:
                return f"it was held for {stopped_for:.0f} s: {verdict.reason}"
            if now - began > self.within_s:
                return f"it was to be done within {self.within_s:.0f} s"
            if self.should_stop():
                return "it was told to stop"
            self.sleep(_TICK_S)

    def _step(self, pacing: Pacing, now: float) -> Verdict:
        """Look at everything, and close what is due. A front door or a server that does not answer
        for a while holds the drain as the other server does."""
        try:
            verdict = pacing.observe(now, self.other.read())
            self._look()
            due = self._due(pacing, now)
            if due:
                closing = self.clock()
                count = self.closer.close(due, now)
                self._closed += count
                self._left, self._is_counted = self._left - count, False
                pacing.closed(now, count)
                self._look(closing)
        except NotOfferedError:
            raise
        except UnavailableError as error:
            self._is_counted = False
            return Verdict(Mood.STOPPED, error.what)
        return verdict

    def _due(self, pacing: Pacing, now: float) -> int:
        """How many sockets may be closed now. To count them is work, on the old server's machine
        too: while nothing may be closed it is done twice a second."""
        ready = pacing.may_close(now) > 0
        if ready or not self._is_counted or now >= self._count_again:
            self._left, self._is_counted = self.closer.left(), True
            self._count_again = now + _COUNT_EVERY_S
        return pacing.may_close(now, self.closer.smallest()) if ready and self._left else 0

    def _wait_for_those_away(self, pacing: Pacing) -> None:
        """So that their gaps have an end."""
        deadline = self.clock() + self.limits.back_within_s
        while (now := self.clock()) < deadline:
            with contextlib.suppress(UnavailableError):
                pacing.observe(now, self.other.read())
                self._look()
            if not pacing.in_flight and not (self.census and self._book.summary(now).away):
                return
            self.sleep(_TICK_S)

    def _look(self, closing: float | None = None) -> None:
        """Who is gone from the one server, and who has come to the other. A gap is taken to begin
        when sockets began to be ``closing``, or the client was seen last, and to end when it is
        seen again: never too short."""
        self._hear()
        began = self.clock()
        if not self.census or (closing is None and began < self._look_again):
            return
        seen = self.census.clients()
        now = self.clock()
        # With many sockets a census takes time, of the front door's too.
        self._look_again = now + _LOOKS_APART * (now - began)
        # The front door takes a moment to let go of what was closed: the next look finds the rest.
        since = self._closing if closing is None else closing
        self._closing = closing
        for name, one in self._seen.items():
            if one.side is self.side and name not in seen:
                left_at = self._looked if since is None else since
                self._book.left(one.room, one.address, left_at)
        for name, one in seen.items():
            if one.side is self.side.other and name not in self._seen:
                self._book.came(one.room, one.address, now)
        self._seen, self._looked = seen, began

    def _hear(self) -> None:
        if self.listener:
            for room, at in self.listener.heard():
                self._book.published(room, at)
