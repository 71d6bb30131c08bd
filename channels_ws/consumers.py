"""The consumer of a room's socket."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from channels_ws.hub import RoomHub
from channels_ws.outbox import CloseCode, Outbox
from channels_ws.server import RoomServer
from wsmigrate.errors import WsmigrateError
from wsmigrate.rooms import RoomError, room_of_decoded_path, room_of_path

logger = logging.getLogger(__name__)


class RoomConsumer(AsyncWebsocketConsumer):
    """Sends the messages of the room that the request path names, as text frames.

    Accepted only once the room is bound and joined, so a client that is connected misses nothing.
    What the client sends is thrown away. Refusals at the handshake: 403 for a room that cannot be,
    503 when the broker or the layer does not answer.
    """

    # The hub alone registers with the layer; without an alias Channels takes no channel for the
    # socket.
    channel_layer_alias = None

    def __init__(self, server: RoomServer) -> None:
        super().__init__()
        self._server = server
        self._sending: asyncio.Task[None] | None = None
        self._hub: RoomHub | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket. However it ends, nothing of it stays behind."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()
            if self._sending is not None:
                self._sending.cancel()

    async def connect(self) -> None:
        """Join, then accept."""
        try:
            config = self._server.config
            self._outbox = Outbox(
                self._send_text,
                self._close_with,
                max_frames=config.outbox_frames,
                max_bytes=config.outbox_bytes,
            )
            self._room = room_of_scope(self.scope)
            hub = await self._server.hub()
            await hub.join(self._room, self._outbox)
        except RoomError as error:
            logger.info("Refused with 403: %s", error.reason)
            await self.close()
            return
        except WsmigrateError as error:
            logger.warning("Refused with 503: %s", error)
            await self._refuse(503)
            return
        self._hub = hub
        offered = self.scope.get("subprotocols")
        await self.accept(subprotocol=offered[0] if offered else None)
        self._sending = asyncio.create_task(self._outbox.run(), name="outbox")

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Throw away what the client sends, as the legacy server does."""

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:  # noqa: ARG002
        """The client is gone."""
        raise StopConsumer

    def _leave(self) -> None:
        if self._hub is not None:
            self._hub.leave(self._room, self._outbox)
            self._hub = None

    async def _send_text(self, text: str) -> None:
        await self.send(text_data=text)

    async def _close_with(self, code: CloseCode) -> None:
        self._leave()
        await self.close(code=int(code))

    async def _refuse(self, status: int) -> None:
        """Refuse the handshake with an HTTP status, where the ASGI server can send one."""
        if "websocket.http.response" not in (self.scope.get("extensions") or {}):
            await self.close()
            return
        await self.base_send(
            {"type": "websocket.http.response.start", "status": status, "headers": []}
        )
        await self.base_send({"type": "websocket.http.response.body", "body": b""})


def room_of_scope(scope: dict[str, Any]) -> str:
    raw_path = scope.get("raw_path")
    if raw_path is not None:
        return room_of_path(raw_path.partition(b"?")[0])
    return room_of_decoded_path(scope["path"].encode("utf-8"))
