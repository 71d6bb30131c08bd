"""The sample site's application, with the figures of its server under ``/figures``."""

from __future__ import annotations

from typing import Any

from channels_ws.routing import lifespan
from chatire.asgi import application as site


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http" or scope["path"] != "/figures":
        await site(scope, receive, send)
        return
    figures = lifespan._server.metrics.exposition()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": figures})
