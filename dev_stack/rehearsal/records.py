"""What a rehearsal has seen, as data, and reading it from the logs of publishers and clients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from dev_stack.rehearsal.lines import Key

LEGACY: Final = "legacy"
CHANNELS: Final = "channels"
SERVERS: Final = (LEGACY, CHANNELS)
STRAIGHT: Final = "-"
"""What a client notes of a server that did not come by the front door: the old one."""

BEGUN, TAKEN, FAILED = "b", "e", "f"


@dataclass
class Message:
    """What a publisher has published, or tried to. ``begin`` and ``end`` are the times of the call
    of ``notify()``; ``fate`` is TAKEN, FAILED, or BEGUN where the publisher did not live to see."""

    key: Key
    begin: float
    end: float
    fate: str = BEGUN


@dataclass(frozen=True)
class Frame:
    """A frame that came. ``as_said``: its text is the one that was published."""

    at: float
    key: Key
    as_said: bool
    digest: str


@dataclass
class Session:
    """One socket of a client. ``closed`` is None while it is open."""

    opened: float
    server: str
    closed: float | None = None
    code: int = 0
    frames: list[Frame] = field(default_factory=list)


@dataclass
class ClientRecord:
    """A client: its successive sockets, tries that failed, and frames that nobody had published."""

    number: int
    room: int
    sessions: list[Session] = field(default_factory=list)
    failed_tries: int = 0
    foreign_frames: int = 0

    def came_before(self, at: float) -> bool:
        """Whether it had been connected by then."""
        return bool(self.sessions) and self.sessions[0].opened <= at

    def has(self, key: Key) -> bool:
        """Whether a message came to it, over whichever socket."""
        return any(frame.key == key for session in self.sessions for frame in session.frames)


def read_messages(publisher: str, lines: Iterable[str]) -> list[Message]:
    """A publisher's log, in the order in which it published. A last line that was cut off is left
    out."""
    found: dict[Key, Message] = {}
    for line in lines:
        words = line.split()
        if not line.endswith("\n") or len(words) < 4:
            continue
        kind, room, number, at = words[0], int(words[1]), int(words[2]), float(words[3])
        key = Key(publisher, room, number)
        if kind == BEGUN:
            found[key] = Message(key, at, at)
        else:
            found[key].end = at
            found[key].fate = kind
    return list(found.values())


def read_clients(rooms: dict[int, int], lines: Iterable[str]) -> list[ClientRecord]:
    """The crowd's log; ``rooms`` has each client's room."""
    clients = {number: ClientRecord(number, room) for number, room in rooms.items()}
    for line in lines:
        kind, number, at, *rest = line.split()
        _take(clients[int(number)], kind, float(at), rest)
    return list(clients.values())


def _take(client: ClientRecord, kind: str, at: float, rest: list[str]) -> None:
    if kind == "f":
        publisher, room, number, as_said, digest = rest
        key = Key(publisher, int(room), int(number))
        client.sessions[-1].frames.append(Frame(at, key, as_said == "1", digest))
    elif kind == "o":
        client.sessions.append(Session(at, LEGACY if rest[0] == STRAIGHT else rest[0]))
    elif kind == "c":
        client.sessions[-1].closed = at
        client.sessions[-1].code = int(rest[0])
    elif kind == "x":
        client.failed_tries += 1
    else:
        client.foreign_frames += 1
