"""A project's own consumer behind the middleware: it says who it takes the client for."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import WebsocketConsumer
from channels.routing import URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

http = get_asgi_application()

from channels_ws.auth.middleware import TokenAuthMiddleware  # noqa: E402


class WhoAmI(WebsocketConsumer):
    def connect(self) -> None:
        offered: Any = self.scope["subprotocols"]
        self.accept(subprotocol=offered[0] if offered else None)
        self.send(text_data=str(self.scope["user"]))


application = TokenAuthMiddleware(URLRouter([re_path("", WhoAmI.as_asgi())]))
