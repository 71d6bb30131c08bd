"""The figures of a run: rounds, the rows that are their medians, and ratios within the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.ledger import Account

CLIENT_LIMIT = 0.8
"""Cores. Above it the client may have been what limits the row, so the row is void."""

LIMIT = "limit"

PARTS = ("server", "service", "publisher", "client")
"""Whose CPU a frame takes."""


@dataclass(frozen=True)
class Round:
    """One server, one room size, once. Times are in seconds unless named otherwise, CPU is in
    cores: seconds of CPU per second.

    ``failure`` says why there are no figures.
    """

    server: str
    room_size: int
    number: int
    frames_per_s: float = 0.0
    server_cpu: float = 0.0
    service_cpu: float = 0.0
    publisher_cpu: float = 0.0
    client_cpu: float = 0.0
    foreign_cpu: float = 0.0
    p50_ms: float | None = None
    p99_ms: float | None = None
    paced_late: int = 0
    rss_per_socket_kib: float = 0.0
    connects_per_s: float = 0.0
    account: Account = field(default_factory=Account)
    closed: int = 0
    stalled: bool = False
    failure: str | None = None

    @property
    def void(self) -> str | None:
        """Why its speed says nothing about the server, if so."""
        if self.failure is not None:
            return self.failure
        if self.client_cpu > CLIENT_LIMIT:
            return f"the client used {self.client_cpu:.2f} of a core"
        return None


@dataclass(frozen=True)
class Row:
    """One server and one room size: the medians of its rounds.

    Frames that are not as they should be are added up. A row that is void has the medians of the
    void rounds, to look at; nothing is compared with them.
    """

    server: str
    room_size: int
    frames_per_s: float | None
    frames_per_server_cpu_s: float | None
    frames_per_cpu_s: float | None
    server_cpu: float | None
    service_cpu: float | None
    publisher_cpu: float | None
    client_cpu: float | None
    foreign_cpu: float | None
    p50_ms: float | None
    p99_ms: float | None
    rss_per_socket_kib: float | None
    connects_per_s: float | None
    lost: int
    duplicated: int
    out_of_order: int
    closed: int
    stalled: bool
    void: str | None
    rounds: int

    def cpu_us_per_frame(self, part: str) -> float | None:
        """Microseconds of CPU for each frame of ``server``, ``service``, ``publisher``, ``client``
        or ``foreign``."""
        cores = getattr(self, f"{part}_cpu")
        return 1e6 * cores / self.frames_per_s if self.frames_per_s else None

    @property
    def clean(self) -> bool:
        """Whether every socket got each frame exactly once, in order, and stayed open."""
        amiss = self.lost or self.duplicated or self.out_of_order or self.closed or self.stalled
        return not amiss


@dataclass(frozen=True)
class Ratio:
    """How many times the frames per second of another server a server sent: the median of the
    rounds' own ratios. None where no round has both."""

    server: str
    of: str
    room_size: int
    frames_per_s: float | None


@dataclass(frozen=True)
class Target:
    """What wsmigrate is to reach. ``met`` is None where there is no figure to judge by."""

    ratio: Ratio
    at_least: float

    @property
    def met(self) -> bool | None:
        value = self.ratio.frames_per_s
        return None if value is None else value >= self.at_least


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of values in order; None of none."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def rows_of_rounds(rounds: Sequence[Round]) -> list[Row]:
    """One row for each server and room size, in the order in which they first appear."""
    keys = dict.fromkeys((one.server, one.room_size) for one in rounds)
    return [_row([one for one in rounds if (one.server, one.room_size) == key]) for key in keys]


def ratios_of_rounds(rounds: Sequence[Round]) -> list[Ratio]:
    """Each server by each other one, for each room size."""
    servers = list(dict.fromkeys(one.server for one in rounds))
    sizes = list(dict.fromkeys(one.room_size for one in rounds))
    return [
        ratio_of_rounds(rounds, server, of, size)
        for size in sizes
        for server in servers
        for of in servers
        if server != of
    ]


def ratio_of_rounds(rounds: Iterable[Round], server: str, of: str, room_size: int) -> Ratio:
    """One server by another."""
    valid = {
        (one.server, one.number): one.frames_per_s
        for one in rounds
        if one.room_size == room_size and one.void is None
    }
    shares = [
        speed / valid[of, number]
        for (name, number), speed in valid.items()
        if name == server and valid.get((of, number))
    ]
    return Ratio(server, of, room_size, median(shares) if shares else None)


def targets_of_rounds(rounds: Sequence[Round]) -> list[Target]:
    """The project's targets, of those that the run has measured."""
    wanted = (
        (LIMIT, 100, 0.9),
        (LIMIT, 1000, 0.9),
        ("stock", 1, 15.0),
        ("legacy", 1, 3.0),
    )
    measured = {(one.server, one.room_size) for one in rounds}
    return [
        Target(ratio_of_rounds(rounds, "wsmigrate", of, size), at_least)
        for of, size, at_least in wanted
        if {("wsmigrate", size), (of, size)} <= measured
    ]


def _row(rounds: Sequence[Round]) -> Row:
    valid = [one for one in rounds if one.void is None]
    used = valid or [one for one in rounds if one.failure is None]

    def middle(of: Callable[[Round], float | None]) -> float | None:
        values = [value for one in used if (value := of(one)) is not None]
        return median(values) if values else None

    account = sum((one.account for one in rounds), Account())
    return Row(
        server=rounds[0].server,
        room_size=rounds[0].room_size,
        frames_per_s=middle(lambda one: one.frames_per_s),
        frames_per_server_cpu_s=middle(lambda one: _per(one.frames_per_s, one.server_cpu)),
        frames_per_cpu_s=middle(
            lambda one: _per(one.frames_per_s, one.server_cpu + one.service_cpu)
        ),
        server_cpu=middle(lambda one: one.server_cpu),
        service_cpu=middle(lambda one: one.service_cpu),
        publisher_cpu=middle(lambda one: one.publisher_cpu),
        client_cpu=middle(lambda one: one.client_cpu),
        foreign_cpu=middle(lambda one: one.foreign_cpu),
        p50_ms=middle(lambda one: one.p50_ms),
        p99_ms=middle(lambda one: one.p99_ms),
        rss_per_socket_kib=middle(lambda one: one.rss_per_socket_kib),
        connects_per_s=middle(lambda one: one.connects_per_s),
        lost=account.lost,
        duplicated=account.duplicated,
        out_of_order=account.out_of_order,
        closed=sum(one.closed for one in rounds),
        stalled=any(one.stalled for one in rounds),
        void=None if valid else rounds[0].void,
        rounds=len(used),
    )


def _per(frames: float, cpu: float) -> float | None:
    return frames / cpu if cpu else None
