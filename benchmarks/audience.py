"""The sockets of the client's process, and what they got."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Mapping, Sequence

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from benchmarks.ledger import Account, Ledger, account_of_count, total
from benchmarks.payload import MEASURED_BYTES, stamp_of_payload
from benchmarks.progress import Progress

_HANDSHAKE_S = 60.0
_TELL_EVERY_S = 0.002
_BETWEEN_DISCONNECTS = 100


class Audience:
    """All sockets. ``frames`` counts the measured frames of the present phase.

    A phase is one load: ``begin`` it, publish, wait until the frames are there, ask for the
    ``account``.
    """

    def __init__(self, progress: Progress) -> None:
        self.sockets: list[ListeningSocket] = []
        self.frames = 0
        self.closed = 0
        self.phase = 0
        self.latencies_ns: array[int] | None = None
        self._progress = progress

    async def connect(self, url: str, rooms: Sequence[str], at_once: int) -> float:
        """Connect one socket for each entry of ``rooms``; return the seconds that it took.

        Raises what picows raises when one is refused.
        """
        turn = asyncio.Semaphore(at_once)

        async def one(room: str) -> None:
            async with turn:
                _, socket = await ws_connect(
                    lambda: ListeningSocket(self, room),
                    f"{url}/{room}",
                    websocket_handshake_timeout=_HANDSHAKE_S,
                )
                self.sockets.append(socket)

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for room in rooms:
                group.create_task(one(room))
        return time.monotonic() - began

    def begin(self, *, phase: int, sample: int, latencies: bool) -> None:
        """Count from 0. Every so many-th socket keeps a ledger, ``sample`` in all."""
        self.phase = phase
        self.frames = self._progress.frames = 0
        self.latencies_ns = array("q") if latencies else None
        step = max(1, len(self.sockets) // sample)
        for index, socket in enumerate(self.sockets):
            socket.count = 0
            looked_at = index % step == 0 and index // step < sample
            socket.ledger = Ledger() if looked_at else None
            socket.reads = looked_at or latencies

    def account(self, published: Mapping[str, Mapping[int, int]]) -> Account:
        """What is amiss, given for each room how many messages each sender has published."""
        return total(socket.account(published.get(socket.room, {})) for socket in self.sockets)

    def greeted(self) -> int:
        """How many sockets have got a greeting."""
        return sum(socket.greeted for socket in self.sockets)

    async def tell_progress(self) -> None:
        """Tell the publisher's process, again and again."""
        while True:
            self._progress.frames = self.frames
            await asyncio.sleep(_TELL_EVERY_S)

    async def disconnect(self) -> None:
        """End all sockets, without making the server's life hard."""
        leaving, self.sockets = self.sockets, []
        for index, socket in enumerate(leaving):
            socket.leave()
            if index % _BETWEEN_DISCONNECTS == 0:
                await asyncio.sleep(0.01)
        self.closed = 0


class ListeningSocket(WSListener):
    """One socket. What happens for each frame is kept to the least: the client must be faster than
    the servers."""

    def __init__(self, audience: Audience, room: str) -> None:
        super().__init__()
        self.room = room
        self.count = 0
        self.greeted = False
        self.reads = False
        self.ledger: Ledger | None = None
        self._audience = audience
        self._transport: WSTransport | None = None
        self._leaving = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.payload_size == MEASURED_BYTES:
            self.count += 1
            self._audience.frames += 1
            if self.reads:
                self._read(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        else:
            self.greeted = True

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002
        if not self._leaving:
            self._audience.closed += 1

    def leave(self) -> None:
        self._leaving = True
        if self._transport is not None:
            self._transport.disconnect()

    def account(self, published: Mapping[int, int]) -> Account:
        if self.ledger is not None:
            return self.ledger.account(published)
        return account_of_count(self.count, sum(published.values()))

    def _read(self, payload: bytes) -> None:
        stamp = stamp_of_payload(payload)
        if stamp.phase != self._audience.phase:  # late: it was lost for its own phase
            self.count -= 1
            self._audience.frames -= 1
            return
        if self._audience.latencies_ns is not None:
            self._audience.latencies_ns.append(time.monotonic_ns() - stamp.at_ns)
        if self.ledger is not None:
            self.ledger.enter(stamp.sender, stamp.sequence)
