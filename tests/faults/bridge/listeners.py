"""Clients that keep every frame, and what of the ledger they account for."""

from __future__ import annotations

import asyncio

import msgpack
import psycopg
from fault_ledger import Ledger
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


class Listeners:
    """A client in each room. ``frames`` by room, ``closed`` the close codes that came."""

    def __init__(self) -> None:
        self.frames: dict[str, list[bytes]] = {}
        self.closed: list[int | None] = []
        self._clients: list[ClientConnection] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self, url: str, room: str) -> None:
        connection = await connect(
            f"{url}/{room}", compression=None, max_size=None, ping_interval=None, open_timeout=40
        )
        self._clients.append(connection)
        self.frames.setdefault(room, [])
        self._tasks.append(asyncio.create_task(self._listen(connection, room)))

    async def account_for(self, ledger: Ledger, within_s: float = 90.0) -> None:
        """Everything that was published has arrived, once and in order."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while loop.time() < end and any(
            len(self.frames[room]) < len(ledger.expected(room)) for room in ledger.entries
        ):
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.0)  # for what should not come any more
        unaccounted = ledger.differences(self.frames)
        assert not unaccounted, unaccounted
        assert self.closed == [], f"closed: {self.closed}"

    async def close(self) -> None:
        for client in self._clients:
            client.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self, connection: ClientConnection, room: str) -> None:
        try:
            async for frame in connection:
                self.frames[room].append(frame.encode() if isinstance(frame, str) else frame)
        except ConnectionClosed:
            pass
        self.closed.append(connection.close_code)


def in_the_layer(dsn: str) -> dict[str, list[bytes]]:
    """What bridges have put into the layer, by room and in order: its log keeps it for minutes."""
    found: dict[str, list[bytes]] = {}
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT payloads FROM wsmigrate_message ORDER BY id").fetchall()
    for (payloads,) in rows:
        for payload in payloads:
            event = msgpack.unpackb(payload)
            if "room" in event:
                found.setdefault(event["room"], []).append(event["message"].encode())
    return found
