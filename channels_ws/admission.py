"""Admission: how many sockets and rooms a server process takes, and how fast new ones.

Whoever may open a socket can name a room, and each room becomes an exchange, which the broker keeps
for ever. What is decided here is decided before anything is bound, without I/O: times come in.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from channels_ws.token_bucket import BucketsByName, Rate, TokenBucket


class Refusal(enum.Enum):
    """Why a socket is not taken; the value stands in logs and metrics."""

    SOCKETS = "too-many-sockets"
    ROOMS = "too-many-rooms"
    PACE = "new-rooms-too-fast"
    ADDRESS = "new-rooms-of-one-address-too-fast"

    @property
    def status(self) -> int:
        """What the handshake is answered with: 429 is the client's doing, 503 is nobody's."""
        return 429 if self is Refusal.ADDRESS else 503


class NotAdmittedError(Exception):
    """The socket is not taken."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.value)


@dataclass(frozen=True)
class Limits:
    """What one server process takes. ``patience_s`` is how long a client waits for a new room."""

    sockets: int
    rooms: int
    new_rooms: Rate
    new_rooms_of_address: Rate
    patience_s: float


@dataclass
class _KnownRoom:
    opens_at: float
    sockets: int = 0


class Admission:
    """Counts sockets and rooms, and paces new rooms.

    A room is known from the first ``enter`` until ``forget``, or until the ``leave`` of its last
    socket if ``leave`` is told that nothing was made of it. All sockets of a room that has to wait
    for its turn wait together, and cost one token.
    """

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._sockets = 0
        self._rooms: dict[str, _KnownRoom] = {}
        self._pace = TokenBucket(limits.new_rooms, now)
        self._addresses = BucketsByName(limits.new_rooms_of_address)

    @property
    def sockets(self) -> int:
        """How many sockets are in, or on their way in."""
        return self._sockets

    @property
    def rooms(self) -> int:
        """How many rooms are known."""
        return len(self._rooms)

    def enter(self, room: str, address: str, now: float) -> float:
        """Count a socket in; returns how many seconds it has to wait before it may go on.

        Each is to be followed by one ``leave``. Raises NotAdmittedError; then there is none to
        follow.
        """
        if self._sockets >= self._limits.sockets:
            raise NotAdmittedError(Refusal.SOCKETS)
        known = self._rooms.get(room)
        if known is None:
            known = self._rooms[room] = self._new_room(address, now)
        known.sockets += 1
        self._sockets += 1
        return max(0.0, known.opens_at - now)

    def leave(self, room: str, *, is_live: bool) -> None:
        """Count a socket out. ``is_live``: the hub has the room, and ``forget`` will follow."""
        self._sockets -= 1
        known = self._rooms[room]
        known.sockets -= 1
        if not is_live:
            self.forget(room)

    def forget(self, room: str) -> None:
        """The hub has left the room. It stays known if somebody is on the way in again."""
        known = self._rooms.get(room)
        if known is not None and known.sockets == 0:
            del self._rooms[room]

    def _new_room(self, address: str, now: float) -> _KnownRoom:
        if len(self._rooms) >= self._limits.rooms:
            raise NotAdmittedError(Refusal.ROOMS)
        # The address first: one that is too fast takes nothing from the others.
        if not self._addresses.take(address, now):
            raise NotAdmittedError(Refusal.ADDRESS)
        wait_s = self._pace.reserve(now, self._limits.patience_s)
        if wait_s is None:
            raise NotAdmittedError(Refusal.PACE)
        return _KnownRoom(now + wait_s)
