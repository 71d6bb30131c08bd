"""How sockets of a server are closed: what a drain needs of each way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from migrate_cli.routers.port import Router
from wsmigrate.sides import Side


@dataclass(frozen=True)
class Silence:
    """A process whose sockets were open and may have got nothing: for how long at most, and how
    many of them there were. Counted from when the drain could first see it."""

    process: int
    seconds: float
    sockets: int


class Closer(Protocol):
    """A way to close sockets. Raises WsmigrateError where it cannot go on."""

    def left(self) -> int:
        """Sockets that are still to be closed."""
        ...

    def smallest(self) -> int:
        """The least that can be closed at once."""
        ...

    def close(self, most: int, now: float) -> int:
        """Close at most ``most`` sockets, or the smallest number that is possible; how many."""
        ...

    def finish(self, now: float) -> None:
        """Nobody is left: leave the server fit to be gone back to."""
        ...

    def silences(self) -> list[Silence]:
        """What was silent before it was closed."""
        ...


@dataclass(frozen=True)
class DoorCloser:
    """Closes at the front door, one by one. Not for a published legacy server: see
    ``workers.py``."""

    router: Router
    side: Side

    def left(self) -> int:
        """See Closer."""
        return self.router.sessions().of(self.side)

    def smallest(self) -> int:
        """See Closer."""
        return 1

    def close(self, most: int, now: float) -> int:
        """See Closer."""
        del now
        return self.router.close_sessions(self.side, most).closed

    def finish(self, now: float) -> None:
        """See Closer: it is."""

    def silences(self) -> list[Silence]:
        """See Closer: none, for the server goes on serving the others."""
        return []
