"""WebSocket clients that record what they get, and nothing else."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from wsmigrate.errors import UnavailableError

SERVER_COOKIE: Final = "wsmigrate_server"
_OPEN_TIMEOUT_S: Final = 30.0
_CLOSE_TIMEOUT_S: Final = 5.0


class ClientError(UnavailableError):
    """A client could not be connected."""


@dataclass(frozen=True)
class Arrival:
    """A data message as it came: payload bytes, time (time.perf_counter), and whether its opcode
    was text."""

    payload: bytes
    at: float
    is_text: bool


class Watcher(Protocol):
    """Who wants to know at once what a listener gets."""

    def shared(self, room: str, payload: bytes) -> bytes:
        """The payload, or an equal object that is held already."""

    def arrived(self, listener: Listener) -> None:
        """``listener.arrivals`` has one more."""

    def ended(self, listener: Listener) -> None:
        """The server ended the listener's socket, see ``listener.ended``."""


class Listener:
    """One WebSocket to one room. Records every arrival from the handshake on, in order.

    ``server`` is what the front door says about its choice, None without a front door. ``ended``
    says how, if the server ended the socket.
    """

    def __init__(self, connection: ClientConnection, room: str, watcher: Watcher) -> None:
        self.room = room
        self.server = _server_of_cookies(connection)
        self.arrivals: list[Arrival] = []
        self.ended: str | None = None
        self._connection = connection
        self._watcher = watcher
        self._receiving = asyncio.create_task(self._receive(), name=f"listener {room}")

    @classmethod
    async def open(cls, url: str, room: str, watcher: Watcher) -> Listener:
        """Connect. When this returns, the server has promised every later message of the room."""
        try:
            connection = await connect(
                f"{url}/{room}",
                compression=None,
                proxy=None,
                max_size=None,
                max_queue=None,
                ping_interval=None,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
            )
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise ClientError(
                f"A client could not connect to {url} ({type(error).__name__}: {error}).",
                remedy="The server's log file says why.",
            ) from error
        return cls(connection, room, watcher)

    async def close(self) -> None:
        """Leave. What has come until now stays recorded."""
        self._receiving.cancel()
        await asyncio.gather(self._receiving, return_exceptions=True)
        await self._connection.close()

    async def _receive(self) -> None:
        try:
            while True:
                message = await self._connection.recv()
                self._record(message, time.perf_counter())
        except ConnectionClosed as closed:
            self.ended = "without a close frame" if closed.rcvd is None else str(closed.rcvd.code)
            self._watcher.ended(self)

    def _record(self, message: str | bytes, at: float) -> None:
        is_text = isinstance(message, str)
        # Text was checked to be UTF-8, so encoding it again gives the bytes of the wire.
        payload = message.encode("utf-8") if isinstance(message, str) else message
        self.arrivals.append(Arrival(self._watcher.shared(self.room, payload), at, is_text))
        self._watcher.arrived(self)


def _server_of_cookies(connection: ClientConnection) -> str | None:
    response = connection.response
    for header in [] if response is None else response.headers.get_all("Set-Cookie"):
        try:
            cookie = SimpleCookie(header).get(SERVER_COOKIE)
        except CookieError:
            continue
        if cookie is not None:
            return cookie.value
    return None
