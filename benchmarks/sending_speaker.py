"""A member of a chat who sends, by either way, and waits for the frame that comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import time
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from dev_stack.demo.site import Account, Site

_LATE_S = 30.0


class Way(enum.Enum):
    """How a message is sent."""

    POST = "post"
    SOCKET = "socket"


class Speaker:
    """One chat, one member, one socket on the new server, on which all frames of the chat come."""

    def __init__(self, site: Site, room: str, account: Account, socket: ClientConnection) -> None:
        self._site = site
        self._room = room
        self._account = account
        self._socket = socket
        self._awaited: dict[str, asyncio.Future[float]] = {}
        self._listening = asyncio.create_task(self._listen(), name=f"listen {room}")
        self.unexpected = 0
        """Frames that stand for no message, or for one that had its frame already."""

    @classmethod
    async def join(cls, site: Site, server: str, name: str) -> Speaker:
        """A new user with a chat of its own, connected to it. Raises SiteError."""
        account = await site.sign_up(name, name.title(), "Benchmark")
        room = await site.make_chat(account)
        token = [Subprotocol("access_token"), Subprotocol(account.access)]
        socket = await connect(
            f"{server}/{room}", subprotocols=token, compression=None, ping_interval=None
        )
        return cls(site, room, account, socket)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        await self._socket.close()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def say(self, way: Way, text: str) -> float | None:
        """Send, and return the seconds until the frame came; None if it did not."""
        arrived = self._awaited[text] = asyncio.get_running_loop().create_future()
        begun = time.perf_counter()
        try:
            if way is Way.SOCKET:
                await self._socket.send(json.dumps({"message": text}))
            else:
                await self._site.send(self._room, self._account, text)
            at: float = await asyncio.wait_for(arrived, _LATE_S)
            return at - begun
        except TimeoutError:
            return None
        finally:
            self._awaited.pop(text, None)

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._socket:
                arrived = self._awaited.get(str(json.loads(frame).get("message")))
                if arrived is None or arrived.done():
                    self.unexpected += 1
                else:
                    arrived.set_result(time.perf_counter())
