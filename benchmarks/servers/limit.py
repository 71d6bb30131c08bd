"""A bare ASGI broadcast: what the ASGI server itself can do, with nothing of ours on top.

Told by its trigger, it calls ``send`` for each socket of the room in a loop. It has no outbox, no
layer, no ids, and a client that does not read holds up all the others.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from typing import Any

from benchmarks.servers import trigger


class BareBroadcast:
    """The ASGI application."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._rooms: dict[str, dict[int, Any]] = defaultdict(dict)
        self._server: asyncio.Server | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._listen(scope["path"].replace("/", ""), receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def _listen(self, room: str, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self._rooms[room][id(send)] = send
        try:
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self._rooms[room].pop(id(send), None)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._server = await asyncio.start_unix_server(self._obey, self._path)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._server.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                room, text = await trigger.read_message(reader)
                writer.write(trigger.TAKEN)
                await self.broadcast(room, {"type": "websocket.send", "text": text})
        except asyncio.IncompleteReadError:
            writer.close()

    async def broadcast(self, room: str, event: dict[str, Any]) -> None:
        """Send it to the sockets of the room."""
        for send in tuple(self._rooms[room].values()):
            await send(event)


application = BareBroadcast(os.environ.get(trigger.VARIABLE, ""))
