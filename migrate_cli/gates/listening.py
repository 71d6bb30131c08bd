"""Listening on both sides: on rooms of the site, and on synthetic ones that are posted to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from compat_tests.capture.client import WireClient
from compat_tests.capture.message_tap import MessageTap
from compat_tests.capture.request import Request
from compat_tests.capture.room_queues import RoomQueues
from compat_tests.running.options import Server
from migrate_cli.gates.posting import Post, Posting
from wsmigrate.errors import UnavailableError
from wsmigrate.gates.evidence import Compared, Latencies, ProbeCounts
from wsmigrate.parity.comparison import Yardstick
from wsmigrate.parity.frames import Opcode
from wsmigrate.parity.live import LiveFigures, LiveRoom
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.own_rules import OwnRule

_LATE_AFTER_S = 5.0
"""So long one side waits for the other."""
_HANDSHAKE_EVERY_S = 1.0


@dataclass(frozen=True)
class Ears:
    """Who is heard. The old side is ``legacy`` where that is given, else the broker (``amqp_urls``,
    of which any will do), else what was posted itself."""

    channels: Server
    rooms: Sequence[str] = ()
    synthetic: Sequence[str] = ()
    legacy: Server | None = None
    amqp_urls: Sequence[str] = ()
    rules: tuple[OwnRule, ...] = ()
    per_second: float = 2.0


@dataclass(frozen=True)
class Heard:
    """What came of it."""

    parity: Compared
    latencies: Latencies
    probe: ProbeCounts


@dataclass
class Listener:
    """Listens for a time. For one event loop, once."""

    ears: Ears
    post: Post
    _began: float = field(default_factory=time.monotonic)
    _run: str = field(default_factory=lambda: uuid.uuid4().hex)
    _sent: dict[bytes, float] = field(default_factory=dict)
    _old_s: list[float] = field(default_factory=list)
    _new_s: list[float] = field(default_factory=list)
    _figures: LiveFigures = field(default_factory=LiveFigures)
    _rooms: dict[str, LiveRoom] = field(default_factory=dict)
    _clients: list[WireClient] = field(default_factory=list)
    _tried: int = 0
    _failed: int = 0

    async def listen(self, seconds: float) -> Heard:
        """Listen for so many seconds, and a little longer for what is under way then. Raises
        UnavailableError where one of the sides cannot be heard, or nothing can be posted."""
        ears = self.ears
        yardstick = Yardstick(own_rules=ears.rules, with_ends=False)
        for room in (*ears.rooms, *ears.synthetic):
            self._rooms[room] = LiveRoom(room, yardstick, _LATE_AFTER_S)
        try:
            async with self._both_sides() as closed:
                await self._post_for(seconds, closed)
                await self._wait_for_the_rest()
                gone = sum(not client.is_open for client in self._clients)
        finally:
            for client in self._clients:
                client.close()
        for room, live in self._rooms.items():
            if room in ears.synthetic:
                live.finish()
            self._figures.add(live.figures.taken())
        return self._heard(gone)

    @contextlib.asynccontextmanager
    async def _both_sides(self) -> AsyncIterator[asyncio.Future[object] | None]:
        """The new side first: it has bound a room once a client is in, so what the other one gets
        from then on both get."""
        ears = self.ears
        for room in self._rooms:
            await self._open(ears.channels, room, is_old=False)
        if ears.legacy is not None:
            for room in self._rooms:
                await self._open(ears.legacy, room, is_old=True)
            yield None
        elif ears.amqp_urls:
            async with await self._queues() as queues:
                for room in self._rooms:
                    await queues.join(room)
                yield queues.closed
        else:
            yield None

    async def _queues(self) -> RoomQueues:
        """At the first host of the broker that answers."""
        *others, last = self.ears.amqp_urls
        for url in others:
            with contextlib.suppress(UnavailableError):
                async with RoomQueues(url, self._take_body):
                    return RoomQueues(url, self._take_body)
        return RoomQueues(last, self._take_body)

    async def _open(self, server: Server, room: str, *, is_old: bool) -> None:
        def take(message: DataMessage) -> None:
            self._take(room, message, is_old=is_old)

        request = Request(server.target.full_path(f"/{quote(room, safe='')}"), server.headers)
        client = await WireClient.open(
            request, server.target, began=self._began, tls=server.tls, tap=MessageTap(take)
        )
        if client.handshake is None or not client.handshake.is_open:
            client.cut()
            status = "nothing" if client.handshake is None else client.handshake.status
            may_not = status in {401, 403}
            raise UnavailableError(
                f"{server.target.authority} answered {status} to a client of {room!r}.",
                remedy="Give what it lets in: origin in [gates], or headers in the environment "
                "(docs/gates.md)."
                if may_not
                else "",
            )
        self._clients.append(client)
        self._tried += not is_old

    async def _post_for(self, seconds: float, closed: asyncio.Future[object] | None) -> None:
        ears = self.ears
        end = time.monotonic() + seconds
        handshakes = asyncio.create_task(self._shake_hands_until(end))
        try:
            async with Posting(self.post) as posting:
                number = 0
                while time.monotonic() < end:
                    for room in ears.synthetic:
                        await self._post_to(posting, room, number)
                    number += 1
                    now = time.monotonic()
                    for live in self._rooms.values():
                        live.settle(now - self._began)
                    if closed is not None and closed.done():
                        raise UnavailableError("The broker ended the connection of the old side.")
                    await asyncio.sleep(max(0.0, min(1 / ears.per_second, end - now)))
            await handshakes
        finally:
            handshakes.cancel()

    async def _post_to(self, posting: Posting, room: str, number: int) -> None:
        text = json.dumps({"run": self._run, "room": room, "number": number})
        body = text.encode()
        self._sent[body] = time.monotonic()
        if self.ears.legacy is None and not self.ears.amqp_urls:
            at = self._sent[body] - self._began
            self._rooms[room].expect(DataMessage(body, Opcode.TEXT, at=at))
        await posting.post(room, text)

    async def _shake_hands_until(self, end: float) -> None:
        """Now and then one client more, that leaves at once. The new server's only: a published old
        one does not survive it."""
        server = self.ears.channels
        rooms = self.ears.synthetic
        number = 0
        while rooms and time.monotonic() + _HANDSHAKE_EVERY_S < end:
            await asyncio.sleep(_HANDSHAKE_EVERY_S)
            path = server.target.full_path(f"/{quote(rooms[number % len(rooms)], safe='')}")
            number += 1
            self._tried += 1
            try:
                client = await WireClient.open(
                    Request(path, server.headers),
                    server.target,
                    began=self._began,
                    tls=server.tls,
                    tap=lambda _frame: None,
                )
            except UnavailableError:
                self._failed += 1
                continue
            self._failed += client.handshake is None or not client.handshake.is_open
            client.close()

    async def _wait_for_the_rest(self) -> None:
        deadline = time.monotonic() + _LATE_AFTER_S
        synthetic = [self._rooms[room] for room in self.ears.synthetic]
        while any(live.pending for live in synthetic):
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.05)

    def _take_body(self, room: str, body: bytes) -> None:
        at = time.monotonic() - self._began
        self._take(room, DataMessage(body, Opcode.TEXT, at=at), is_old=True)

    def _take(self, room: str, message: DataMessage, *, is_old: bool) -> None:
        if room in self.ears.synthetic:
            sent_at = self._sent.get(message.content)
            if sent_at is None:
                return  # of somebody else who asks the gates at the same time
            taken = self._old_s if is_old else self._new_s
            taken.append(max(0.0, message.at + self._began - sent_at))
        live = self._rooms[room]
        if is_old:
            live.expect(message)
        else:
            live.receive(message)

    def _heard(self, gone: int) -> Heard:
        figures = self._figures
        rooms = len(self.ears.rooms)
        pending = sum(live.pending for live in self._rooms.values())
        return Heard(
            Compared(figures.compared, figures.mismatched, pending, rooms, gone),
            Latencies(tuple(self._old_s), tuple(self._new_s), self.ears.legacy is None),
            ProbeCounts(self._tried, self._failed),
        )
