"""Clients that keep every frame that they get."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wsmigrate.compare import compare


@dataclass
class Client:
    """A client of one room. ``closed`` is the close code, once it is closed."""

    room: str
    connection: ClientConnection
    frames: list[bytes] = field(default_factory=list)
    closed: int | None = None

    async def listen(self) -> None:
        try:
            async for frame in self.connection:
                self.frames.append(frame.encode() if isinstance(frame, str) else frame)
        except ConnectionClosed:
            pass
        self.closed = self.connection.close_code


class Audience:
    """Clients, and the ledger of what each should have got."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self._listening: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        for client in self.clients:
            client.connection.transport.abort()
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)

    async def join(self, url: str, room: str) -> Client:
        """Add a client, which is connected when this returns."""
        connection = await connect(
            f"{url}/{room}", compression=None, max_size=None, ping_interval=None, open_timeout=30
        )
        client = Client(room, connection)
        self.clients.append(client)
        self._listening.append(asyncio.create_task(client.listen()))
        return client

    async def wait_for(self, count: int, limit_s: float = 90.0) -> None:
        """Return when every client has ``count`` frames, or after ``limit_s``."""
        loop = asyncio.get_running_loop()
        end = loop.time() + limit_s
        while loop.time() < end and any(len(client.frames) < count for client in self.clients):
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)  # for what should not come any more

    def differences(self, published: dict[str, list[bytes]]) -> list[str]:
        """What any client was not sent as it was published; empty if all is well."""
        found = []
        for client in self.clients:
            outcome = compare(published[client.room], client.frames)
            if outcome.differences:
                found.append(
                    f"{client.room}: {len(published[client.room])} published, "
                    f"{len(client.frames)} received, {outcome.lost} lost, "
                    f"{outcome.duplicated} doubled, {outcome.out_of_order} out of order"
                )
        return found
