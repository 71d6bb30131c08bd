"""What stands in front of the application: the front door's check, and no entry at the end."""

from __future__ import annotations

from typing import Any

from channels_ws.client_address import client_of_scope
from channels_ws.serving.answers import answer_json, refuse_handshake
from channels_ws.serving.status import ServingStatus


class Gate:
    """An ASGI application around the project's.

    ``door_path`` answers 200 while the process takes new clients, whatever PostgreSQL and RabbitMQ
    do: with this server out and the old one at weight 0, a front door answers 503 to everybody in
    the very moments that the server rides out. From the signal on it is 503, and so is every new
    WebSocket; HTTP requests are still served. Paths below it are answered as well: a front door
    sends them to one server or the other. The answer says who the client is taken for, so that it
    can be seen whether the forwarded headers are right.
    """

    def __init__(self, application: Any, status: ServingStatus, door_path: str) -> None:
        self._application = application
        self._status = status
        self._door_path = door_path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        kind = scope["type"]
        if kind == "http" and self._is_door(scope["path"]):
            code = 503 if self._status.is_draining else 200
            await answer_json(scope, send, code, self._said(scope))
        elif kind == "websocket" and self._status.is_draining:
            server = self._status.room_server
            if server is not None:
                server.metrics.handshakes_refused.labels(reason="draining").inc()
            await refuse_handshake(scope, send, 503)
        else:
            await self._application(scope, receive, send)

    def _is_door(self, path: str) -> bool:
        return path == self._door_path or path.startswith(f"{self._door_path}/")

    def _said(self, scope: Any) -> dict[str, str]:
        said = {"phase": self._status.phase.value}
        server = self._status.room_server
        if server is not None:
            said["client"] = client_of_scope(scope, server.config.trusted_proxies)
        return said
