"""A small WebSocket server with rooms, and one that misbehaves on purpose.

Written on websockets' own protocol and framing, so that it shares no line with what is tested.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

Send = Callable[["Connection", bytes], None]


class Connection:
    """A client of a server. ``sent`` counts the messages that came to it."""

    def __init__(self, server: PlainServer, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.protocol = ServerProtocol(extensions=server.extensions, max_size=64 << 20)
        self.room = ""
        self.sent = 0
        self.memory: dict[str, Any] = {}
        self._writer = writer

    def text(self, payload: bytes) -> None:
        """What a correct server does."""
        self.frame(Opcode.TEXT, payload)

    def frame(
        self, opcode: Opcode, payload: bytes, *, fin: bool = True, rsv1: bool = False
    ) -> None:
        frame = Frame(opcode, payload, fin=fin, rsv1=rsv1)
        self.raw(frame.serialize(mask=False, extensions=self.protocol.extensions))

    def raw(self, data: bytes) -> None:
        self._writer.write(data)

    def close(self, code: int, reason: str = "") -> None:
        self.protocol.send_close(code, reason)
        self.flush()
        if self._writer.can_write_eof():
            self._writer.write_eof()

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, act)

    def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                is_pong = data[0] == 0x8A  # of less than 126 bytes (RFC 6455, 5.5)
                self._writer.write(self._pong_of(data) if is_pong else data)

    def _pong_of(self, data: bytes) -> bytes:
        payload = self.server.pong(data[2:])
        return bytes((data[0], len(payload))) + payload

    def cut(self) -> None:
        self._writer.transport.abort()


class PlainServer:
    """Sends each message of a room to its clients, by ``send``."""

    def __init__(
        self,
        send: Send = Connection.text,
        *,
        extensions: Any = None,
        accept: Callable[[Connection, Any], None] = lambda *_: None,
        answer_after_s: float = 0.0,
        pong: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.send = send
        self.extensions = extensions
        self.port = 0
        self.rooms: defaultdict[str, list[Connection]] = defaultdict(list)
        self.count = 0
        self._accept = accept
        self._answer_after_s = answer_after_s
        self.pong = pong
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in [one for some in self.rooms.values() for one in some]:
            connection.cut()

    def deliver(self, room: str, payload: bytes) -> None:
        self.count += 1
        for connection in list(self.rooms[room]):
            connection.sent += 1
            self.send(connection, payload)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, writer)
        try:
            while data := await reader.read(1 << 16):
                if not connection.room:
                    await asyncio.sleep(self._answer_after_s)
                connection.protocol.receive_data(data)
                for event in connection.protocol.events_received():
                    self._take(connection, event)
                connection.flush()
                if connection.protocol.close_expected():
                    break
            else:
                connection.protocol.receive_eof()
        except ConnectionError:
            pass
        finally:
            if connection in self.rooms[connection.room]:
                self.rooms[connection.room].remove(connection)
            writer.close()

    def _take(self, connection: Connection, event: Any) -> None:
        if not isinstance(event, Request):
            return
        response = connection.protocol.accept(event)
        room = unquote(urlsplit(event.path).path).replace("/", "")
        if response.status_code == 101 and (not room or room.startswith("amq.") or len(room) > 255):
            response = connection.protocol.reject(403, "no such room")
        self._accept(connection, response)
        connection.protocol.send_response(response)
        if response.status_code == 101:
            connection.room = room
            connection.flush()
            self.rooms[room].append(connection)


class Town:
    """Some servers and one way to publish to all of them, in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[PlainServer] = []
        self._door: asyncio.Server | None = None
        self.port = 0

    def __enter__(self) -> Town:
        self._thread.start()
        self._wait(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            self._wait(server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def publish_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/publish?room={{room}}"

    def add(self, server: PlainServer) -> PlainServer:
        self._wait(server.start())
        self._servers.append(server)
        return server

    def remove(self, server: PlainServer) -> None:
        self._servers.remove(server)
        self._wait(server.stop())

    def publish(self, room: str, payload: bytes) -> None:
        async def publish() -> None:
            self._deliver(room, payload)

        self._wait(publish())

    def _wait(self, coroutine: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(20)

    async def _open(self) -> None:
        self._door = await asyncio.start_server(self._answer, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._door.sockets[0].getsockname()[1]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *headers = head.decode("latin-1").split("\r\n")
                named = dict(one.lower().split(": ", 1) for one in headers if one)
                body = await reader.readexactly(int(named.get("content-length", 0)))
                query = parse_qs(urlsplit(line.split(" ")[1]).query, keep_blank_values=True)
                self._deliver(query["room"][0], body)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _deliver(self, room: str, payload: bytes) -> None:
        for server in self._servers:
            server.deliver(room, payload)
