"""An ASGI application that posts: GET /?room=…&text=…"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import django
from asgiref.sync import sync_to_async

django.setup()

from switch_site.posting import post  # noqa: E402 - needs Django to be set up


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Post the query string's text to its room."""
    if scope["type"] != "http":
        return
    asked = parse_qs(scope["query_string"].decode())
    await sync_to_async(post)(asked["room"][0], asked["text"][0])
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
