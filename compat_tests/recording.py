"""``wsmigrate parity record``: what clients of some rooms get, into a file."""

from __future__ import annotations

import asyncio
import functools
import importlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO
from urllib.parse import quote

from compat_tests.capture.client import WireClient
from compat_tests.capture.request import Request
from compat_tests.capture.room_queues import RoomQueues
from compat_tests.ending import ended_by_signals
from compat_tests.running.mailroom import room_of_client
from compat_tests.running.options import Server
from wsmigrate.errors import ConfigError, ExitCode, UnavailableError, WsmigrateError
from wsmigrate.parity.frames import Opcode, WireFrame, is_control
from wsmigrate.parity.recording import End, EndKind, Handshake, Recording, SocketRecording
from wsmigrate.parity.recording_file import (
    end_line,
    frame_line,
    handshake_line,
    head_line,
    socket_line,
    written,
)
from wsmigrate.parity.recording_lines import Line
from wsmigrate.parity.redaction import DigestRedactor, redacted_socket, rewritten_socket
from wsmigrate.rooms import checked_room

Say = Callable[[str], None]
Rewrite = Callable[[bytes], bytes]


@dataclass(frozen=True)
class RecordOptions:
    """What to record: rooms of a server, or of a broker (``amqp_url``), for so many seconds or
    until Ctrl-C. ``redactor`` and ``rewrite`` are ways to redact; at most one is set."""

    out: Path
    rooms: Sequence[str]
    server: Server | None = None
    amqp_url: str | None = None
    seconds: float | None = None
    redactor: DigestRedactor | None = None
    rewrite: Rewrite | None = None


async def record(options: RecordOptions, say: Say) -> ExitCode:
    """Record. COULD_NOT_ACT where not one message came. Raises WsmigrateError."""
    rooms = [checked_room(room) for room in dict.fromkeys(options.rooms)]
    options = replace(options, rooms=rooms)
    try:
        with options.out.open("wb") as file:
            recorder = _Recorder(options, file)
            await recorder.run(say)
    except OSError as error:
        raise ConfigError(
            f"The recording {options.out} cannot be written ({error.strerror})."
        ) from None
    say(f"{recorder.messages} messages of {len(rooms)} rooms are in {options.out}")
    return ExitCode.DONE if recorder.messages else ExitCode.COULD_NOT_ACT


class _Recorder:
    """Writes what comes at once, so that a recording that is killed is whole up to there."""

    def __init__(self, options: RecordOptions, file: IO[bytes]) -> None:
        self.messages = 0
        self._options = options
        self._file = file
        self._began = time.monotonic()
        self._numbers: dict[str, int] = {}
        self._begun: dict[int, list[WireFrame]] = {}
        self._stop = asyncio.Event()
        self._failure: Exception | None = None

    async def run(self, say: Say) -> None:
        options = self._options
        redaction = options.redactor.name if options.redactor else ""
        self._write(head_line(Recording((), redaction, {"rewritten": str(bool(options.rewrite))})))
        with ended_by_signals(self._stop.set):
            if options.amqp_url is not None:
                await self._from_broker(options.amqp_url, say)
            else:
                await self._from_server(say)

    async def _from_broker(self, url: str, say: Say) -> None:
        """By a queue of one's own on each exchange: no client joins, and none leaves."""
        for number, room in enumerate(self._options.rooms, 1):
            self._introduce(number, SocketRecording("queue", room, None, path=_path_of(room)))

        def take(room: str, body: bytes) -> None:
            at = time.monotonic() - self._began
            self._take(self._numbers[room], WireFrame(Opcode.TEXT, body, at))

        async with RoomQueues(url, take) as queues:
            for room in self._options.rooms:
                await queues.join(room)
            say(f"Recording {len(self._options.rooms)} rooms at the broker")
            if await self._until_over(queues.closed):
                raise UnavailableError(
                    "The broker ended the connection while it was recorded.",
                    then="What was written until then is a whole recording.",
                )

    async def _from_server(self, say: Say) -> None:
        server = self._options.server
        if server is None:
            raise ConfigError("There is neither a server nor a broker to record from.")
        clients: list[WireClient] = []
        for number, room in enumerate(self._options.rooms, 1):
            path = server.target.full_path(_path_of(room))
            request = Request(path, server.headers)
            self._introduce(
                number, SocketRecording("client", room_of_client(path), None, path=path)
            )

            early: list[WireFrame] = []
            tap = _Tap(early.append)
            client = await WireClient.open(
                request, server.target, began=self._began, tls=server.tls, tap=tap
            )
            if client.handshake is None or not client.handshake.is_open:
                status = "nothing" if client.handshake is None else client.handshake.status
                raise UnavailableError(f"The server answered {status} to a client of {room!r}.")
            self._note_handshake(number, client.handshake)
            for frame in early:  # those that came with the answer, in the order of the wire
                self._take(number, frame)
            tap.take = functools.partial(self._take, number)
            clients.append(client)
        say(f"Recording {len(clients)} rooms of {server.target.authority}")
        await self._until_over(asyncio.ensure_future(_all_gone(clients)))
        gone = sum(client.gone.is_set() for client in clients)
        if gone:
            say(f"{gone} of {len(clients)} sockets were ended by the server before the recording")
        for client in clients:
            client.close()
        await asyncio.wait(
            [asyncio.ensure_future(client.gone.wait()) for client in clients], timeout=5
        )
        for number, client in enumerate(clients, 1):
            self._write(end_line(number, client.recording("", "").end))
            client.cut()

    async def _until_over(self, closed: asyncio.Future[object]) -> bool:
        """Wait; whether it ended because ``closed`` was done."""
        stopped: asyncio.Future[object] = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait(
            {stopped, closed}, timeout=self._options.seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if self._failure is not None:
            raise self._failure
        return closed.done()

    def _introduce(self, number: int, socket: SocketRecording) -> None:
        self._numbers[socket.room] = number
        self._write(socket_line(number, self._shown(socket)))

    def _note_handshake(self, number: int, handshake: Handshake) -> None:
        shown = self._shown(SocketRecording("", "", handshake)).handshake
        self._write(handshake_line(number, shown or handshake))

    def _shown(self, socket: SocketRecording) -> SocketRecording:
        """Without secrets, if it is to be redacted in any way."""
        if self._options.redactor is None and self._options.rewrite is None:
            return socket
        return redacted_socket(socket, self._options.redactor or DigestRedactor())

    def _take(self, number: int, frame: WireFrame) -> None:
        """Write a frame. What fails ends the recording: it would not be a whole one."""
        if self._failure is not None:
            return
        try:
            self._write_frame(number, frame)
        except (OSError, WsmigrateError) as error:
            self._failure = error
            self._stop.set()

    def _write_frame(self, number: int, frame: WireFrame) -> None:
        """Redacted ones once their message is complete: digests and rewritten texts are of whole
        messages. What came in the midst of one comes with it."""
        options = self._options
        self.messages += frame.opcode < Opcode.CLOSE and frame.fin
        if options.redactor is None and options.rewrite is None:
            self._write(frame_line(number, frame))
            return
        begun = self._begun.setdefault(number, [])
        begun.append(frame)
        is_within = is_control(frame.opcode) and not begun[0].fin
        if (frame.fin and not is_within) or frame.opcode == Opcode.CLOSE:
            socket = SocketRecording("", "", None, tuple(begun), End(EndKind.OPEN))
            if options.redactor is not None:
                socket = redacted_socket(socket, options.redactor)
            elif options.rewrite is not None:
                socket = rewritten_socket(socket, options.rewrite)
            for one in socket.frames:
                self._write(frame_line(number, one))
            begun.clear()

    def _write(self, line: Line) -> None:
        self._file.write(written(line))
        self._file.flush()


async def _all_gone(clients: Sequence[WireClient]) -> None:
    for client in clients:
        await client.gone.wait()


class _Tap:
    """Hands frames over to whoever takes them now."""

    def __init__(self, take: Callable[[WireFrame], None]) -> None:
        self.take = take

    def __call__(self, frame: WireFrame) -> None:
        self.take(frame)


def _path_of(room: str) -> str:
    return "/" + quote(room, safe="")


def rewrite_of(name: str) -> Rewrite:
    """The user's own redaction, ``package.module:function``, bytes to bytes. The current folder is
    on the path. Raises ConfigError."""
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # it is a module of the user's: anything may be wrong with it
        raise ConfigError(
            f"The redaction {name!r} cannot be loaded ({type(error).__name__}).",
            remedy="It has to look like package.module:function.",
        ) from None
    if not callable(found):
        raise ConfigError(f"The redaction {name!r} is no function.")

    def rewrite(payload: bytes) -> bytes:
        try:
            result = found(payload)
        except Exception as error:
            raise ConfigError(f"The redaction {name!r} failed ({type(error).__name__}).") from error
        if not isinstance(result, bytes):
            raise ConfigError(f"The redaction {name!r} gave no bytes.")
        return result

    return rewrite
