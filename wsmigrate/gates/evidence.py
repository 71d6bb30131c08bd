"""What was measured for the gates of a step, in one window of time. Numbers only; no I/O.

Each part is ``Missing`` where it could not be had, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wsmigrate.config import NotifyBackend


@dataclass(frozen=True)
class Missing:
    """It could not be measured; ``why`` is a sentence."""

    why: str


@dataclass(frozen=True)
class Compared:
    """Frames of the new server, held against the old side's in the same rooms. ``pending`` wait for
    the other side; ``rooms`` of the site were watched, besides the synthetic ones; ``gone`` sockets
    were closed by the new server meanwhile."""

    compared: float
    mismatched: float
    pending: float = 0
    rooms: int = 0
    gone: int = 0


@dataclass(frozen=True)
class Latencies:
    """From publishing to arrival, in seconds, of the same messages on both servers. The old side is
    empty where there is none to compare with. ``by_queue``: it was heard at the broker, not at a
    socket of the old server."""

    old_s: tuple[float, ...]
    new_s: tuple[float, ...]
    by_queue: bool = True


@dataclass(frozen=True)
class Relayed:
    """The bridges. ``relayed`` messages went into the layer within the window, ``lag_s`` is the
    greatest age of what waited, ``unrelayed`` are the inboxes that no live bridge relays now."""

    inboxes: int
    relayed: float
    lag_s: float
    unrelayed: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeadLetters:
    """Messages that could not be relayed and wait for somebody, by reason."""

    waiting: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.waiting.values())


@dataclass(frozen=True)
class InboxKept:
    """What an inbox keeps. ``behind_s`` is the age of the oldest message that is not relayed, 0
    where there is none, of ``max_age_s`` that it is kept. ``kept`` messages are in it, of which
    ``behind`` are not relayed; ``dropped``: it has begun to drop old ones."""

    inbox: str
    behind_s: float
    max_age_s: float
    kept: float
    behind: float
    dropped: bool


@dataclass(frozen=True)
class Retention:
    """All inboxes, and how many messages were ``lost`` within the window: dropped unrelayed."""

    inboxes: tuple[InboxKept, ...]
    lost: float = 0


@dataclass(frozen=True)
class CopiesSeen:
    """Messages that were published to both, by what the servers found, within the window; and what
    publishers could put into one side only."""

    found: Mapping[str, float]
    one_sided: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ServerCounts:
    """What the processes of the new server counted within the window, all together.

    ``opened`` sockets, of them ``opened_by_probe`` by the synthetic rooms. ``refused``,
    ``would_refuse`` (never of synthetic rooms) and ``closed`` by reason. ``given_up``: messages
    that waited for too long for their twin, a marker or a state. ``sockets``: open at the end.
    """

    processes: int
    opened: float = 0
    opened_by_probe: float = 0
    sockets: float = 0
    refused: Mapping[str, float] = field(default_factory=dict)
    would_refuse: Mapping[str, float] = field(default_factory=dict)
    closed: Mapping[str, float] = field(default_factory=dict)
    given_up: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DoorCounts:
    """What the front door counted of the new server within the window."""

    connects: float
    errors: float


@dataclass(frozen=True)
class ProbeCounts:
    """The handshakes that the synthetic rooms tried at the new server."""

    tried: float
    failed: float


@dataclass(frozen=True)
class DatabaseLoad:
    """PostgreSQL. ``connections`` is the greatest number that was seen, of ``max_connections`` that
    are not reserved. ``table_bytes``: wsmigrate's tables with their indices."""

    connections: float
    max_connections: float
    table_bytes: float


@dataclass(frozen=True)
class OldSockets:
    """Sockets of the old server that are left, by who counted them."""

    counts: Mapping[str, float]


@dataclass(frozen=True)
class ProcessRevisions:
    """Live processes by role, and the names of those that have not applied ``revision``."""

    revision: int
    live: Mapping[str, int]
    behind: tuple[str, ...] = ()


_UNASKED = Missing("It was not measured.")


@dataclass(frozen=True)
class Evidence:
    """All that was measured within ``seconds``."""

    seconds: float = 0.0
    backend: NotifyBackend = NotifyBackend.RABBITMQ
    parity: Compared | Missing = _UNASKED
    latencies: Latencies | Missing = _UNASKED
    relay: Relayed | Missing = _UNASKED
    dead_letters: DeadLetters | Missing = _UNASKED
    retention: Retention | Missing = _UNASKED
    copies: CopiesSeen | Missing = _UNASKED
    server: ServerCounts | Missing = _UNASKED
    door: DoorCounts | Missing = _UNASKED
    probe: ProbeCounts | Missing = _UNASKED
    database: DatabaseLoad | Missing = _UNASKED
    old_sockets: OldSockets | Missing = _UNASKED
    processes: ProcessRevisions | Missing = _UNASKED
