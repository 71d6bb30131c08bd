"""What stands in front of the application: the front door's check, and no entry at the end."""

from __future__ import annotations

from typing import Any

from channels_ws.serving.answers import answer_json, refuse_handshake
from channels_ws.serving.status import ServingStatus


class Gate:
    """An ASGI application around the project's.

    ``door_path`` answers 200 while the process takes new clients, whatever PostgreSQL and RabbitMQ
    do: with this server out and the old one at weight 0, a front door answers 503 to everybody in
    the very moments that the server rides out. From the signal on it is 503, and so is every new
    WebSocket; HTTP requests are still served.
    """

    def __init__(self, application: Any, status: ServingStatus, door_path: str) -> None:
        self._application = application
        self._status = status
        self._door_path = door_path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        kind = scope["type"]
        if kind == "http" and scope["path"] == self._door_path:
            phase = self._status.phase
            code = 503 if self._status.is_draining else 200
            await answer_json(scope, send, code, {"phase": phase.value})
        elif kind == "websocket" and self._status.is_draining:
            server = self._status.room_server
            if server is not None:
                server.metrics.handshakes_refused.labels(reason="draining").inc()
            await refuse_handshake(scope, send, 503)
        else:
            await self._application(scope, receive, send)
