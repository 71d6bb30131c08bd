"""``wsmigrate parity watch``: both servers on live rooms, without publishing anything."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from compat_tests.capture.client import WireClient
from compat_tests.capture.message_tap import MessageTap
from compat_tests.capture.request import Request
from compat_tests.capture.room_queues import RoomQueues
from compat_tests.ending import ended_by_signals
from compat_tests.reports.watch_lines import line_of, told
from compat_tests.running.options import Server
from wsmigrate.errors import ConfigError, ExitCode, UnavailableError
from wsmigrate.parity.comparison import Yardstick
from wsmigrate.parity.frames import Opcode
from wsmigrate.parity.live import LiveFigures, LiveRoom
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.own_rules import OwnRule
from wsmigrate.rooms import checked_room

Say = Callable[[str], None]
_OPEN_AT_ONCE = 20


@dataclass(frozen=True)
class WatchOptions:
    """What to watch. The old side is the broker (``amqp_url``) or, where somebody asks for it, a
    client of the old server (``legacy``). ``sample``: the share of the rooms, chosen by hash, so
    that all who watch with the same share choose the same rooms. ``window_s``: how long one side
    waits for the other."""

    rooms: Sequence[str]
    channels: Server
    amqp_url: str | None = None
    legacy: Server | None = None
    sample: float = 1.0
    seconds: float | None = None
    window_s: float = 5.0
    every_s: float = 1.0
    as_json: bool = False
    rules: tuple[OwnRule, ...] = ()


def sampled(rooms: Sequence[str], share: float) -> list[str]:
    """The share of the rooms that a hash of their names chooses."""
    limit = share * 2**64
    return [
        room
        for room in dict.fromkeys(rooms)
        if int.from_bytes(hashlib.sha256(room.encode()).digest()[:8], "big") < limit
    ]


async def watch(options: WatchOptions, say: Say) -> ExitCode:
    """Watch until the time is over or Ctrl-C. REFUSED if anything mismatched, COULD_NOT_ACT if
    nothing was compared. Raises WsmigrateError."""
    rooms = [checked_room(room) for room in sampled(options.rooms, options.sample)]
    if not rooms:
        raise ConfigError("There is no room to watch.", remedy="Name rooms, or sample more.")
    watcher = _Watcher(options, rooms, say)
    stop = asyncio.Event()
    with ended_by_signals(stop.set):
        return await watcher.run(stop)


class _Watcher:
    def __init__(self, options: WatchOptions, rooms: Sequence[str], say: Say) -> None:
        yardstick = Yardstick(own_rules=options.rules, with_ends=False)
        self._options = options
        self._say = say
        self._began = time.monotonic()
        self._rooms = {room: LiveRoom(room, yardstick, options.window_s) for room in rooms}
        self._total = LiveFigures()
        self._clients: list[WireClient] = []

    async def run(self, stop: asyncio.Event) -> ExitCode:
        options = self._options
        try:
            # The new side first: it has bound a room once a client is in, so what the queue gets
            # from then on both get.
            await self._open(options.channels, is_old=False)
            if options.legacy is not None:
                await self._open(options.legacy, is_old=True)
                await self._until(stop, None)
            elif options.amqp_url is not None:
                async with RoomQueues(options.amqp_url, self._take_body) as queues:
                    for room in self._rooms:
                        await queues.join(room)
                    await self._until(stop, queues.closed)
            else:
                raise ConfigError("There is no old side to watch: give --amqp.")
        finally:
            for client in self._clients:
                client.close()
                client.cut()
        now = time.monotonic() - self._began
        for live in self._rooms.values():
            live.settle(now)  # what is younger than the window proves nothing
        self._tick(options.every_s)
        return self._concluded()

    async def _open(self, server: Server, *, is_old: bool) -> None:
        turns = asyncio.Semaphore(_OPEN_AT_ONCE)

        async def open_one(room: str) -> None:
            request = Request(server.target.full_path(f"/{quote(room, safe='')}"), server.headers)

            live = self._rooms[room]
            take = live.expect if is_old else live.receive
            async with turns:
                client = await WireClient.open(
                    request,
                    server.target,
                    began=self._began,
                    tls=server.tls,
                    tap=MessageTap(take),
                )
            if client.handshake is None or not client.handshake.is_open:
                status = "nothing" if client.handshake is None else client.handshake.status
                raise UnavailableError(
                    f"{server.target.authority} answered {status} to a client of {room!r}."
                )
            self._clients.append(client)

        await asyncio.gather(*(open_one(room) for room in self._rooms))

    async def _until(self, stop: asyncio.Event, closed: asyncio.Future[object] | None) -> None:
        options = self._options
        side = "the broker" if options.legacy is None else "the old server"
        if not options.as_json:
            self._say(f"Watching {len(self._rooms)} rooms, {side} against the new server")
        end = None if options.seconds is None else time.monotonic() + options.seconds
        before = time.monotonic()
        while not stop.is_set() and (end is None or time.monotonic() < end):
            left_s = options.every_s if end is None else min(options.every_s, end - before)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(left_s, 0.01))
            if closed is not None and closed.done():
                raise UnavailableError(
                    "The broker ended the connection of the old side.",
                    then="What it would have delivered since cannot be compared.",
                )
            now = time.monotonic()
            for room in self._rooms.values():
                room.settle(now - self._began)
            self._tick(now - before)
            before = now

    def _take_body(self, room: str, body: bytes) -> None:
        at = time.monotonic() - self._began
        self._rooms[room].expect(DataMessage(body, Opcode.TEXT, at=at))

    def _tick(self, seconds: float) -> None:
        """One line for what came since the last one."""
        figures = LiveFigures()
        for room in self._rooms.values():
            figures.add(room.figures.taken())
        self._total.add(figures, keep=False)
        line = line_of(
            figures,
            max(seconds, 0.001),
            rooms=len(self._rooms),
            pending=sum(room.pending for room in self._rooms.values()),
            sockets_gone=sum(not client.is_open for client in self._clients),
        )
        if self._options.as_json:
            self._say(json.dumps(line, ensure_ascii=False))
            return
        for text in told(line, figures):
            self._say(text)

    def _concluded(self) -> ExitCode:
        total = self._total
        code = ExitCode.DONE if total.compared else ExitCode.COULD_NOT_ACT
        if total.mismatched:
            code = ExitCode.REFUSED
        if not self._options.as_json:
            self._say(
                f"{total.compared} frames compared, {total.matched} matched, "
                f"{total.ignored} ignored, {total.mismatched} mismatched"
            )
            if not total.compared:
                self._say("NO DATA: not one frame was compared, so nothing is proved")
        return code
