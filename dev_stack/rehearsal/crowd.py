"""All clients of a rehearsal, in a process of their own: ``python -m dev_stack.rehearsal.crowd``.

Orders come on standard input as lines of JSON, each answered by one: ``join`` (clients: number and
room; returns when all are connected), ``status``, ``stop``. The log gets a line for each event::

    o CLIENT AT SERVER          a handshake was answered; SERVER is the front door's word, or ``-``
    c CLIENT AT CODE            the socket has ended; 0 without a close frame
    x CLIENT AT WHY             a try to connect failed
    f CLIENT AT PUBLISHER ROOM NUMBER OK DIGEST
    ?  CLIENT AT BYTES          a frame that is none of a rehearsal's

A client comes back as the page of the sample site does (frontend/socket.js): so many seconds after
its socket has ended, and a handshake has ten seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote

import picows

from dev_stack.rehearsal.lines import key_of

HANDSHAKE_LIMIT_S: Final = 10.0
_AT_ONCE: Final = 25
_SERVER_HEADER = "x-wsmigrate-server"
_SERVER_COOKIE = "wsmigrate_server="


class Client(picows.WSListener):
    """One page: its socket, and the next one after that."""

    def __init__(self, number: int, room: str, crowd: Crowd) -> None:
        self.number = number
        self.room = room
        self.server = ""
        self.is_open = False
        self._crowd = crowd
        self._code = 0
        self._transport: Any = None

    async def live(self, entered: asyncio.Event) -> None:
        """Connect, and again whenever it ends. ``entered`` is set once it has been connected."""
        while not self._crowd.ending:
            if await self._connect():
                entered.set()
                await self._transport.wait_disconnected()
            await asyncio.sleep(self._crowd.retry_after_s)

    async def _connect(self) -> bool:
        crowd = self._crowd
        self._code = 0
        try:
            async with crowd.handshakes:
                transport, _ = await picows.ws_connect(
                    lambda: self,
                    f"{crowd.url}/{quote(self.room)}",
                    websocket_handshake_timeout=HANDSHAKE_LIMIT_S,
                    enable_auto_ping=False,
                    max_frame_size=4 << 20,
                )
        except Exception as error:  # whatever it was, the page tries again
            crowd.note("x", self.number, type(error).__name__)
            return False
        self._transport = transport
        return True

    def on_ws_connected(self, transport: Any) -> None:
        """The handshake was answered: from now on nothing may be missing."""
        self.server = _server_of(transport.response.headers)
        self.is_open = True
        self._crowd.note("o", self.number, self.server)

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        """Take a frame down."""
        kind = frame.msg_type
        if kind == picows.WSMsgType.TEXT:
            self._crowd.frame(self.number, frame.get_payload_as_bytes())
        elif kind == picows.WSMsgType.CLOSE:
            self._code = int(frame.get_close_code())
            transport.send_close(self._code)
            transport.disconnect()
        elif kind not in {picows.WSMsgType.PING, picows.WSMsgType.PONG}:
            self._crowd.note("?", self.number, str(len(frame.get_payload_as_bytes())))

    def on_ws_disconnected(self, transport: Any) -> None:  # noqa: ARG002
        """The socket has ended, in whatever way."""
        if self.is_open:
            self.is_open = False
            self._crowd.note("c", self.number, str(self._code))

    def leave(self) -> None:
        """End the socket."""
        if self.is_open:
            self._transport.disconnect()


class Crowd:
    """Everybody, and their log."""

    def __init__(self, url: str, retry_after_s: float, log: IO[str]) -> None:
        self.url = url
        self.retry_after_s = retry_after_s
        self.handshakes = asyncio.Semaphore(1000)
        self.ending = False
        self.frames = 0
        self._log = log
        self._clients: list[Client] = []
        self._lives: list[asyncio.Task[None]] = []

    def note(self, kind: str, client: int, what: str) -> None:
        """A line of the log."""
        self._log.write(f"{kind} {client} {time.monotonic():.6f} {what}\n")

    def frame(self, client: int, payload: bytes) -> None:
        """A text frame."""
        at = time.monotonic()
        self.frames += 1
        found = key_of(payload)
        if found is None:
            self.note("?", client, str(len(payload)))
            return
        key, ok = found
        digest = blake2b(payload, digest_size=8).hexdigest()
        self._log.write(
            f"f {client} {at:.6f} {key.publisher} {key.room} {key.number} {ok:d} {digest}\n"
        )

    async def join(self, clients: list[list[Any]]) -> dict[str, Any]:
        """Let clients in, some at a time."""
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def enter(number: int, room: str) -> None:
            client = Client(number, room, self)
            entered = asyncio.Event()
            async with at_once:
                self._clients.append(client)
                self._lives.append(asyncio.create_task(client.live(entered)))
                await entered.wait()

        await asyncio.gather(*(enter(number, room) for number, room in clients))
        return self.status()

    def status(self) -> dict[str, Any]:
        """Who is where."""
        servers: dict[str, int] = {}
        for client in self._clients:
            where = client.server if client.is_open else "away"
            servers[where] = servers.get(where, 0) + 1
        return {"clients": len(self._clients), "frames": self.frames, "servers": servers}

    async def stop(self) -> dict[str, Any]:
        """Take the last lines down, then leave: what comes of leaving is not in the log."""
        self.ending = True
        status = self.status()
        self._log.flush()
        self._log.close()
        self._log = Path("/dev/null").open("w", encoding="utf-8")  # noqa: SIM115, ASYNC230
        for life in self._lives:
            life.cancel()
        for client in self._clients:
            client.leave()
        await asyncio.gather(*self._lives, return_exceptions=True)
        return status


def _server_of(headers: Any) -> str:
    told = headers.get(_SERVER_HEADER)
    if told:
        return str(told)
    cookies = headers.get("set-cookie", "")
    _, found, rest = cookies.partition(_SERVER_COOKIE)
    return rest.partition(";")[0] if found else "-"


async def main() -> None:
    """Answer orders until ``stop``, or until nobody gives any."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=16 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    first = json.loads(await reader.readline())
    with Path(first["log"]).open("w", encoding="utf-8", buffering=1 << 16) as log:  # noqa: ASYNC230
        crowd = Crowd(first["url"], first["retry_after_s"], log)
        while line := await reader.readline():
            order = json.loads(line)
            if order["do"] == "join":
                answer = await crowd.join(order["clients"])
            elif order["do"] == "stop":
                answer = await crowd.stop()
            else:
                answer = crowd.status()
            print(json.dumps(answer), flush=True)  # noqa: T201 - the answer to the order
            if crowd.ending:
                return


if __name__ == "__main__":
    asyncio.run(main())
