"""uvicorn's WebSocket protocol, with a way to cut off a client that takes nothing."""

from __future__ import annotations

from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ABORT_EXTENSION = "wsmigrate.abort"


class ServingProtocol(WebSocketsSansIOProtocol):
    """Adds ``scope["extensions"]["wsmigrate.abort"]["abort"]``: a callable without arguments that
    drops the connection at once, with what waits to be written. A close in order would wait for a
    client that reads nothing for as long as it stays."""

    async def run_asgi(self) -> None:
        """Run the application for this connection."""
        extensions = cast("dict[str, Any]", self.scope["extensions"])
        extensions[ABORT_EXTENSION] = {"abort": self.transport.abort}
        await super().run_asgi()
