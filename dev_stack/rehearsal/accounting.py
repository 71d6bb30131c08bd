"""The account of a rehearsal: every frame of every client, held against what was published. Pure.

For each client and each message of its room, one of:

* received, once or more often, in its place or not, as it was said or not;
* lost: it was published while the client was connected, and never came;
* in a gap: it was published between a close and the return, or was under way when the socket ended
  (for less than ``under_way_s``), or ``notify()`` was called before the handshake was answered;
* cut off: it was published in an outage that ended the socket. Whoever is closed knows that he may
  have missed something; so it is counted, and it is not lost.

What ``notify()`` did not take may come or not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dev_stack.rehearsal.lines import Key
from dev_stack.rehearsal.records import TAKEN, ClientRecord, Message, Session

FIGURES = (
    *("published", "refused", "received", "lost", "duplicated", "out_of_order", "mismatched"),
    *("in_gaps", "cut_off"),
)


@dataclass(frozen=True)
class Outage:
    """A time in which what is published may reach nobody, by no fault of a server: the broker is
    restarted, and its bindings with it."""

    begin: float
    end: float


@dataclass(frozen=True)
class Gap:
    """A client that was away: since when, for how long, and whether it came back."""

    client: int
    began: float
    seconds: float
    returned: bool
    frames: int = 0


@dataclass
class Ledger:
    """What became of the frames of some stretch of time: FIGURES, and the latencies of each
    server in seconds, from the call of ``notify()`` to the frame."""

    counts: Counter[str] = field(default_factory=Counter)
    received_from: Counter[str] = field(default_factory=Counter)
    faults_of: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, other: Ledger) -> None:
        """Count another one too."""
        self.counts.update(other.counts)
        self.received_from.update(other.received_from)
        for server, faults in other.faults_of.items():
            self.faults_of[server].update(faults)
        for server, latencies in other.latencies.items():
            self.latencies[server].extend(latencies)


@dataclass
class Account:
    """``ledgers``: one for each stretch of time; ``gaps`` by stretch; ``identical``: the messages
    that came to everybody whom they were due, in the same bytes. ``by_client``: FIGURES of each
    client in each stretch, where ``published`` is what was published to its room since it came
    first. ``worst``: examples of what went wrong, in words."""

    ledgers: list[Ledger]
    gaps: list[list[Gap]]
    identical: int
    by_client: dict[tuple[int, int], Counter[str]]
    worst: list[str]


class _Accountant:
    def __init__(self, begins: Sequence[float], outages: Sequence[Outage], under_way_s: float):
        self._begins = begins
        self._outages = outages
        self._under_way_s = under_way_s
        self.ledgers = [Ledger() for _ in begins]
        self.gaps: list[list[Gap]] = [[] for _ in begins]
        self.digests: dict[Key, str] = {}
        self.by_client: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        self.worst: list[str] = []

    def ledger(self, at: float) -> Ledger:
        """The ledger of the stretch that a time falls into."""
        return self.ledgers[self.stretch(at)]

    def count(self, client: ClientRecord, at: float, kind: str) -> None:
        """Count something of a client, in all and for itself."""
        stretch = self.stretch(at)
        self.ledgers[stretch].counts[kind] += 1
        self.by_client[stretch, client.number][kind] += 1

    def stretch(self, at: float) -> int:
        return max(0, bisect_right(self._begins, at) - 1)

    def client(self, client: ClientRecord, messages: Sequence[Message]) -> None:
        """Account for one client; ``messages`` are those of its room."""
        by_key = {message.key: message for message in messages}
        got = self._received(client, by_key)
        missed: list[Message] = []
        for message in messages:
            if message.fate != TAKEN or not client.came_before(message.begin):
                continue
            self.by_client[self.stretch(message.begin), client.number]["published"] += 1
            if message.key not in got:
                self._missing(client, message, missed)
        self._gaps(client, missed)

    def _received(self, client: ClientRecord, by_key: Mapping[Key, Message]) -> set[Key]:
        got: set[Key] = set()
        for session in client.sessions:
            highest: dict[str, int] = {}
            for frame in session.frames:
                key = frame.key
                message = by_key.get(key)
                if message is None:
                    self._fault(
                        client, session, "mismatched", frame.at, f"{key} is of no room of his"
                    )
                    continue
                ledger = self.ledger(message.begin)
                self.count(client, message.begin, "received")
                ledger.received_from[session.server] += 1
                if key in got:
                    self._fault(
                        client, session, "duplicated", message.begin, f"{key} at {frame.at:.2f}"
                    )
                    continue
                got.add(key)
                if key.number < highest.get(key.publisher, -1):
                    self._fault(client, session, "out_of_order", message.begin, f"{key}")
                highest[key.publisher] = max(key.number, highest.get(key.publisher, -1))
                if not frame.as_said or self.digests.setdefault(key, frame.digest) != frame.digest:
                    self._fault(client, session, "mismatched", message.begin, f"{key}")
                ledger.latencies[session.server].append(frame.at - message.begin)
        return got

    def _missing(self, client: ClientRecord, message: Message, missed: list[Message]) -> None:
        place = bisect_right([one.opened for one in client.sessions], message.begin) - 1
        session = client.sessions[place]
        if session.closed is None or message.end < session.closed - self._under_way_s:
            if self._is_cut_off(session, message):
                self.count(client, message.begin, "cut_off")
                missed.append(message)
            else:
                self._fault(client, session, "lost", message.begin, f"{message.key}")
            return
        self.count(client, message.begin, "in_gaps")
        missed.append(message)

    def _is_cut_off(self, session: Session, message: Message) -> bool:
        """Whether it was published in an outage, and the socket was ended because of that."""
        return any(
            outage.begin <= message.end
            and message.begin <= outage.end
            and session.closed is not None
            and outage.begin <= session.closed <= outage.end + self._under_way_s
            for outage in self._outages
        )

    def _gaps(self, client: ClientRecord, missed: Sequence[Message]) -> None:
        for before, after in pairwise(client.sessions):
            if before.closed is not None:
                self._gap(client, before.closed, after.opened, missed, returned=True)
        last = client.sessions[-1] if client.sessions else None
        if last is not None and last.closed is not None:
            self._gap(client, last.closed, float("inf"), missed, returned=False)

    def _gap(
        self,
        client: ClientRecord,
        closed: float,
        opened: float,
        missed: Sequence[Message],
        *,
        returned: bool,
    ) -> None:
        frames = sum(
            closed - self._under_way_s <= message.end and message.begin <= opened
            for message in missed
        )
        self.gaps[self.stretch(closed)].append(
            Gap(client.number, closed, opened - closed, returned, frames)
        )

    def _fault(
        self, client: ClientRecord, session: Session, kind: str, at: float, what: str
    ) -> None:
        self.count(client, at, kind)
        self.ledger(at).faults_of[session.server][kind] += 1
        if len(self.worst) < 200:
            self.worst.append(
                f"{kind}: {what}, published at {at:.3f}; client {client.number} of room "
                f"{client.room}, on {session.server} from {session.opened:.3f} to "
                f"{session.closed or 0:.3f}"
            )


def account_of(
    messages: Iterable[Message],
    clients: Sequence[ClientRecord],
    begins: Sequence[float],
    outages: Sequence[Outage] = (),
    under_way_s: float = 1.0,
) -> Account:
    """The account; stretches of time begin at ``begins``, the first of them at the beginning."""
    accountant = _Accountant(begins, outages, under_way_s)
    by_room: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        by_room[message.key.room].append(message)
        accountant.ledger(message.begin).counts[
            "published" if message.fate == TAKEN else "refused"
        ] += 1
    for client in clients:
        accountant.client(client, by_room[client.room])
        accountant.ledgers[0].counts["mismatched"] += client.foreign_frames
    return Account(
        accountant.ledgers,
        accountant.gaps,
        _identical(by_room, clients, accountant),
        accountant.by_client,
        accountant.worst,
    )


def _identical(
    by_room: Mapping[int, Sequence[Message]],
    clients: Sequence[ClientRecord],
    accountant: _Accountant,
) -> int:
    """Messages of which every frame that came had the same bytes, and of which one came."""
    different: set[Key] = set()
    seen: set[Key] = set()
    for client in clients:
        for session in client.sessions:
            for frame in session.frames:
                seen.add(frame.key)
                if not frame.as_said or accountant.digests.get(frame.key) != frame.digest:
                    different.add(frame.key)
    return sum(
        message.key in seen and message.key not in different
        for messages in by_room.values()
        for message in messages
        if message.fate == TAKEN
    )
