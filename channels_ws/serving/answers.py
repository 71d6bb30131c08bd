"""Small HTTP answers, said in ASGI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_READING = ("GET", "HEAD")


async def answer(scope: Any, send: Any, status: int, media_type: str, body: bytes) -> None:
    """Answer with a body. Only reading is allowed; other methods get 405."""
    headers = [(b"content-type", media_type.encode()), (b"cache-control", b"no-store")]
    if scope["method"] not in _READING:
        status, body = 405, b""
        headers.append((b"allow", b", ".join(method.encode() for method in _READING)))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def answer_json(scope: Any, send: Any, status: int, said: Mapping[str, Any]) -> None:
    """Answer with JSON."""
    body = (json.dumps(said) + "\n").encode()
    await answer(scope, send, status, "application/json", body)


async def refuse_handshake(scope: Any, send: Any, status: int) -> None:
    """Refuse a WebSocket with an HTTP status, or with 403 where the server can send no other."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})
