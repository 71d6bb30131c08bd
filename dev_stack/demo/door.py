"""Clients of the front door, which follow it from one server to the other and miss nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dev_stack.demo.clients import Arrival, ClientError, Listener
from dev_stack.demo.watch import Watch


@dataclass(frozen=True)
class Session:
    """What one of a client's successive sockets got. From ``overlap`` on, counted in the arrivals
    of the session before, both sockets may have had the same frames; 0 for the first."""

    arrivals: Sequence[Arrival]
    overlap: int = 0


def joined(sessions: Sequence[Session]) -> list[Arrival]:
    """What the client got in all: frames that came over both of two sockets count once.

    Needs the frames of an overlap to differ from one another, which the script sees to.
    """
    got: list[Arrival] = []
    before: Sequence[Arrival] = ()
    for session in sessions:
        twice = Counter(_frame(arrival) for arrival in before[session.overlap :])
        for arrival in session.arrivals:
            if twice[_frame(arrival)] > 0:
                twice[_frame(arrival)] -= 1
            else:
                got.append(arrival)
        before = session.arrivals
    return got


class DoorClient:
    """A client of the front door. Moves make-before-break: its old socket is closed only when the
    new one is open and the old one has had what the new one got first."""

    def __init__(self, url: str, room: str, watch: Watch) -> None:
        self.room = room
        self._url = url
        self._watch = watch
        self._sockets: list[Listener] = []
        self._overlaps: list[int] = []
        self._next_overlap = 0

    @property
    def server(self) -> str:
        """The server on which the newest socket landed."""
        return str(self._sockets[-1].server)

    @property
    def got(self) -> list[Arrival]:
        """Everything it got, over whichever socket."""
        sockets = zip(self._sockets, self._overlaps, strict=True)
        return joined([Session(socket.arrivals, overlap) for socket, overlap in sockets])

    def prepare_to_move(self) -> None:
        """To be called when everything that was posted has come, and before the next post: what
        comes from now on may come over the next socket as well, even if it came over this one
        before the next was open. Servers need not be equally fast."""
        self._next_overlap = len(self._sockets[-1].arrivals)

    async def open(self) -> None:
        """Open a socket, besides the one that there may be."""
        socket = await Listener.open(self._url, self.room, self._watch)
        if socket.server is None:
            await socket.close()
            raise ClientError("The front door does not say which server it chose.")
        self._sockets.append(socket)
        self._overlaps.append(self._next_overlap)

    async def close_old(self, *, expect_frames: bool, quiet_s: float) -> None:
        """Close the socket before the newest one, when it may go.

        With ``expect_frames`` that is once both have had one frame: then the old one has had
        everything up to it, and the new one gets everything after it. If no frame at all comes for
        ``quiet_s`` seconds, it is closed nevertheless, and what is missing will be counted.
        """
        old = self._sockets[-2]
        if expect_frames:
            await self._watch.until(self._has_frame_twice, quiet_s)
        await old.close()

    async def close(self) -> None:
        """Close the newest socket."""
        if self._sockets:
            await self._sockets[-1].close()

    def _has_frame_twice(self) -> bool:
        old, new = self._sockets[-2:]
        had = {_frame(arrival) for arrival in old.arrivals[self._overlaps[-1] :]}
        return any(_frame(arrival) in had for arrival in new.arrivals)


def _frame(arrival: Arrival) -> tuple[bytes, bool]:
    return arrival.payload, arrival.is_text
