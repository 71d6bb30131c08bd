"""The figures of a demo: what every client got, compared with what was posted. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from dev_stack.demo.clients import Arrival
from dev_stack.demo.ledger import Ledger
from wsmigrate.compare import Comparison, compare
from wsmigrate.errors import ExitCode

SERVERS: Final = ("legacy", "channels")

# A data message that is not text differs from every expected frame, whatever it says. No JSON text
# begins with NUL, so this cannot make two payloads equal.
_NOT_TEXT: Final = b"\0not text:"


@dataclass(frozen=True)
class Heard:
    """What one client of a room got, in order of arrival."""

    room: str
    arrivals: Sequence[Arrival]


@dataclass(frozen=True)
class Totals:
    """Counts over some clients. ``delivered``: the frames that they got, wanted or not."""

    clients: int
    delivered: int
    lost: int
    duplicated: int
    out_of_order: int
    mismatched: int

    @property
    def clean(self) -> bool:
        """Whether every client got every frame exactly once, in order, byte for byte."""
        return not (self.lost or self.duplicated or self.out_of_order or self.mismatched)


@dataclass(frozen=True)
class Latency:
    """From the beginning of the POST to the frame, in milliseconds. None if no frame came."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True)
class Step:
    """Where the front door's clients were, after the door was set to ``percent``."""

    percent: int
    legacy: int
    channels: int

    @property
    def as_set(self) -> bool:
        """False if a client was where none can be. In between, rooms are few and hashed: any
        share may come out."""
        return not (self.percent == 0 and self.channels) and not (
            self.percent == 100 and self.legacy
        )


@dataclass(frozen=True)
class Figures:
    """All figures. ``identical``: the messages whose frame came in its place, with the same bytes,
    to every fixed client of both servers."""

    published: int
    identical: int
    servers: Mapping[str, Totals]
    latency: Mapping[str, Latency]
    front_door: Totals
    steps: tuple[Step, ...]

    @property
    def fixed(self) -> Totals:
        """Both servers' fixed clients together."""
        return _sum(self.servers.values())

    @property
    def exit_code(self) -> ExitCode:
        """DONE only if every client, the front door's too, got what it should and the door moved;
        COULD_NOT_ACT if there is nothing to judge by."""
        if not self.published or not self.fixed.clients:
            return ExitCode.COULD_NOT_ACT
        clean = self.fixed.clean and self.front_door.clean and self.identical == self.published
        return ExitCode.DONE if clean and all(s.as_set for s in self.steps) else ExitCode.REFUSED

    def as_json(self) -> dict[str, Any]:
        """The figures as ``--json`` writes them."""
        return {
            "published": self.published,
            **asdict(self.fixed),
            "latency_ms": {server: asdict(self.latency[server]) for server in SERVERS},
            "identical": self.identical,
            "servers": {server: asdict(self.servers[server]) for server in SERVERS},
            "front_door": {
                **asdict(self.front_door),
                "steps": [asdict(step) for step in self.steps],
            },
        }


def figures_of(
    ledger: Ledger,
    fixed: Mapping[str, Sequence[Heard]],
    front_door: Sequence[Heard],
    steps: Sequence[Step],
) -> Figures:
    """Judge what the fixed clients of each of SERVERS and those of the front door got."""
    judged = {server: [_judged(ledger, heard) for heard in fixed[server]] for server in SERVERS}
    return Figures(
        published=ledger.published,
        identical=_identical([one for some in judged.values() for one in some]),
        servers={server: _totals(judged[server]) for server in SERVERS},
        latency={server: _latency(ledger, judged[server]) for server in SERVERS},
        front_door=_totals([_judged(ledger, heard) for heard in front_door]),
        steps=tuple(steps),
    )


@dataclass(frozen=True)
class _Judged:
    heard: Heard
    comparison: Comparison


def _judged(ledger: Ledger, heard: Heard) -> _Judged:
    expected = [posted.payload for posted in ledger.posted(heard.room)]
    received = [a.payload if a.is_text else _NOT_TEXT + a.payload for a in heard.arrivals]
    return _Judged(heard, compare(expected, received))


def _totals(judged: Sequence[_Judged]) -> Totals:
    return _sum(
        Totals(
            1,
            len(one.heard.arrivals),
            one.comparison.lost,
            one.comparison.duplicated,
            one.comparison.out_of_order,
            one.comparison.mismatched,
        )
        for one in judged
    )


def _sum(totals: Iterable[Totals]) -> Totals:
    sums: Counter[str] = Counter()
    for one in totals:
        sums.update(asdict(one))
    return Totals(**{name: sums[name] for name in Totals.__dataclass_fields__})


def _identical(judged: Sequence[_Judged]) -> int:
    """All are compared with the same expected bytes, so what each has in its place is the same."""
    in_place: Counter[tuple[str, int]] = Counter()
    clients: Counter[str] = Counter()
    for one in judged:
        room = one.heard.room
        clients[room] += 1
        in_place.update((room, pair.expected) for pair in one.comparison.pairs)
    return sum(count == clients[room] for (room, _), count in in_place.items())


def _latency(ledger: Ledger, judged: Sequence[_Judged]) -> Latency:
    times: list[float] = []
    for one in judged:
        posted = ledger.posted(one.heard.room)
        arrivals = one.heard.arrivals
        times += [
            arrivals[pair.received].at - posted[pair.expected].sent_at
            for pair in one.comparison.pairs
        ]
    times.sort()
    return Latency(_percentile_ms(times, 50), _percentile_ms(times, 99))


def _percentile_ms(sorted_s: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile of sorted seconds, in milliseconds."""
    if not sorted_s:
        return None
    rank = max(1, math.ceil(len(sorted_s) * percent / 100))
    return round(sorted_s[rank - 1] * 1000, 2)
