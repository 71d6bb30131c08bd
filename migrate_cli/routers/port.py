"""What every front door can be asked and told, whatever program it is.

A *front door* is all the load balancers that clients come in by: one or several *doors* that do the
same. Adapters: ``haproxy.py`` (runtime sockets), ``nginx.py`` (a generated include and a reload),
``command.py`` (the operator's own commands). ``tests/integration/migrate_cli/routers/`` holds all
three against the same contract.

Calls block, for as long as the adapter's time limit allows, and keep no state between two calls: a
command that was killed is simply called again. No adapter is safe to be *changed* by two operators
at once; the cutover's lock sees to that. Reading disturbs nobody.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from wsmigrate.errors import UnavailableError
from wsmigrate.sides import Side


class RouterError(UnavailableError):
    """A door does not answer, refused what it was told, or does not do what it said it would.

    ``door`` is its name, as in ``Share.doors``.
    """

    def __init__(self, door: str, what: str, *, then: str = "", remedy: str = "") -> None:
        self.door = door
        super().__init__(what, then=then, remedy=remedy)


class NotOfferedError(RouterError):
    """This kind of front door cannot do that (the text says what can instead). Nothing was done."""


@dataclass(frozen=True)
class DoorShare:
    """What one door does with new clients.

    ``percent`` of the rooms go to the new server, 0 to 100, as the *running* door has it;
    ``persisted`` is what it would have after a restart, None if that cannot be known.
    """

    percent: float
    persisted: float | None


@dataclass(frozen=True)
class Share:
    """The share of each door, by its name. There is at least one."""

    doors: Mapping[str, DoorShare]

    @property
    def percent(self) -> float | None:
        """The percentage that all doors agree on; None while they differ."""
        found = {door.percent for door in self.doors.values()}
        return found.pop() if len(found) == 1 else None

    @property
    def is_persisted(self) -> bool:
        """Whether every door would come back from a restart with what it has now."""
        return all(door.persisted == door.percent for door in self.doors.values())


@dataclass(frozen=True)
class Sessions:
    """Open connections from the doors to each server at one moment: the sum over all doors.

    A door that is reloading counts its old processes too. They are connections, not WebSockets: an
    HTTP request in flight counts for as long as it takes.
    """

    legacy: int
    channels: int

    def of(self, side: Side) -> int:
        """Those of one server."""
        return self.legacy if side is Side.LEGACY else self.channels


class SideState(enum.Enum):
    """What the doors' own checks say of a server."""

    UP = "up"
    DOWN = "down"
    MIXED = "mixed"  # up for some doors, down for others
    UNKNOWN = "unknown"  # not checked, or not told


@dataclass(frozen=True)
class SideHealth:
    """A server as the doors see it. ``detail`` says what the check found, in the door's words."""

    state: SideState
    detail: str = ""


@dataclass(frozen=True)
class Health:
    """Both servers as the doors see them. UNKNOWN is never to be taken for UP."""

    legacy: SideHealth
    channels: SideHealth

    def of(self, side: Side) -> SideHealth:
        """One of them."""
        return self.legacy if side is Side.LEGACY else self.channels


@dataclass(frozen=True)
class Traffic:
    """What the doors count of one server, over all doors, since the doors were started.

    ``connects`` clients were sent to it, ``errors`` of them in vain (no connection, no answer, or a
    5xx), and ``answered`` got another answer, the handshake's or a refusal. Take the difference of
    two readings; a smaller figure than before means a restarted door. ``response_ms`` is how long
    its answers take now, to the first byte. None where a kind of door does not count that.
    """

    connects: int | None
    errors: int | None
    response_ms: float | None
    answered: int | None = None


@dataclass(frozen=True)
class Closed:
    """What became of a request to close sessions. ``closed`` of them were ended; ``left`` is what
    the doors still count of that side afterwards."""

    closed: int
    left: int


class Router(Protocol):
    """A front door. All methods raise RouterError if a door does not answer in time.

    =================  ==========  ==================================================
    method             idempotent  atomic
    =================  ==========  ==================================================
    share, sessions,   reads only  a snapshot of each door, one after the other
    health, traffic
    set_share          yes         for each door; not across doors (see below)
    persist            yes         for each door: a file is replaced as a whole
    close_sessions     no          for each session
    =================  ==========  ==================================================
    """

    @property
    def name(self) -> str:
        """The kind and the place, for people: ``haproxy /run/haproxy/admin.sock``."""
        ...

    def share(self) -> Share:
        """The share of each door as it is now, asked of the running doors."""
        ...

    def set_share(self, percent: int) -> Share:
        """Send so many percent of the rooms to the new server from now on. Returns what was *read
        back* from the running doors, which is what was asked for.

        * Open sockets stay where they are. New clients follow at once, all of a room to one server,
          and a growing share moves rooms in one direction only.
        * Persisted before it returns: a restart or a reload of the door keeps it.
        * At no time has a door both servers at 0.
        * Idempotent: the same value again changes nothing, and repairs a door that lags behind or a
          value that was not persisted.
        * Doors are told one after the other. If one fails, those that were told before it are set
          back to what they had, and RouterError names the one that failed; where setting back
          failed too, it names that door as well (``then``). So after RouterError read ``share``.
        * Raises ConfigError, before anything is touched, unless 0 <= percent <= 100.
        """
        ...

    def persist(self) -> Share:
        """Write down what the running doors have now, without changing it."""
        ...

    def sessions(self) -> Sessions:
        """Open connections per server. Raises NotOfferedError."""
        ...

    def health(self) -> Health:
        """What the doors' checks say. A kind that has no checks says UNKNOWN; it does not raise
        NotOfferedError."""
        ...

    def traffic(self, side: Side) -> Traffic:
        """Counters of one server. Fields that a kind does not count are None."""
        ...

    def close_sessions(self, side: Side, most: int) -> Closed:
        """End at most ``most`` sessions of a server *now*, the oldest first; the caller keeps the
        pace (``migrate_cli/drain``).

        The client sees its connection break without a close frame (1006), and the server sees its
        client leave: **on a published legacy server that wedges the worker**, so there the workers
        are ended instead (``migrate_cli/drain/workers.py``).

        Not idempotent: each call ends more of them. A session that ended by itself meanwhile is not
        counted. ``most`` <= 0 does nothing. Raises NotOfferedError where a kind cannot.
        """
        ...
