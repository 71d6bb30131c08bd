"""Looks on while frames arrive: tells the first difference at once, and when all is in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from dev_stack.demo.clients import Listener
from dev_stack.demo.ledger import Ledger


@dataclass(frozen=True)
class FirstDifference:
    """The first place where a room's frames on a server were not the expected ones. ``place``
    counts from 0; ``expected`` is None where no frame was due."""

    server: str
    room: str
    place: int
    expected: bytes | None
    received: bytes


class Watch:
    """Sees every arrival.

    ``on_frame`` is called for each frame of a fixed client; ``on_difference`` for the first
    difference in each room of each server; ``on_end`` when a server ends a socket.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        on_frame: Callable[[], None],
        on_difference: Callable[[FirstDifference], None],
        on_end: Callable[[str, Listener], None],
    ) -> None:
        self._ledger = ledger
        self._on_frame = on_frame
        self._on_difference = on_difference
        self._on_end = on_end
        self._servers: dict[Listener, str] = {}
        self._different: set[tuple[str, str]] = set()
        self._changed = asyncio.Event()

    @property
    def difference_found(self) -> bool:
        """Whether any has been told."""
        return bool(self._different)

    def follow(self, listener: Listener, server: str) -> None:
        """Check the listener's arrivals from now on, which have to be those of its room from the
        first one on."""
        self._servers[listener] = server

    async def until(self, condition: Callable[[], bool], quiet_s: float) -> bool:
        """Wait until ``condition`` holds: True; or until no frame at all has come for ``quiet_s``
        seconds: False."""
        while not condition():
            try:
                async with asyncio.timeout(quiet_s):
                    await self._changed.wait()
            except TimeoutError:
                return condition()
        return True

    def shared(self, room: str, payload: bytes) -> bytes:
        """The payload, as the ledger's own object if it is there."""
        return self._ledger.shared(room, payload)

    def arrived(self, listener: Listener) -> None:
        """Check the newest arrival of a listener, and wake who waits."""
        server = self._servers.get(listener)
        if server is not None:
            self._on_frame()
            self._check(listener, server)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def ended(self, listener: Listener) -> None:
        """Tell that a server ended a socket."""
        self._on_end(self._servers.get(listener) or str(listener.server), listener)

    def _check(self, listener: Listener, server: str) -> None:
        place = len(listener.arrivals) - 1
        arrival = listener.arrivals[place]
        expected = self._ledger.payload_at(listener.room, place)
        if (arrival.payload == expected and arrival.is_text) or (
            (server, listener.room) in self._different
        ):
            return
        self._different.add((server, listener.room))
        self._on_difference(
            FirstDifference(server, listener.room, place, expected, arrival.payload)
        )
