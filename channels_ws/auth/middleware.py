"""ASGI middleware that says who opens a socket, for consumers of a project's own::

    "websocket": TokenAuthMiddleware(URLRouter([path("updates/", UpdatesConsumer.as_asgi())]))

The room sockets of ``channels_ws.routing`` do not need it: their consumer asks the guard itself.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from channels_ws.auth.identify import Identifier
from channels_ws.auth.threads import Threads
from wsmigrate.config import config_of_settings


class TokenAuthMiddleware:
    """Fills ``scope["user"]``: by token, else by session, else ``AnonymousUser``.

    It refuses nobody, and reads tokens where ``WSMIGRATE`` says. Inside Channels'
    AuthMiddlewareStack it leaves the user found there to a client without a token.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._threads = Threads()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Serve the socket, or the request."""
        identifier = Identifier(config_of_settings(settings), self._threads)
        identity = await identifier.identify(scope)
        return await self._app(identity.put_into(scope), receive, send)
