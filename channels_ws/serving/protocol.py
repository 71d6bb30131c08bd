"""uvicorn's WebSocket protocol, with a way to cut off a client that takes nothing."""

from __future__ import annotations

from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ABORT_EXTENSION = "wsmigrate.abort"


class ServingProtocol(WebSocketsSansIOProtocol):
    """Answers a client that pings and does not read with the latest pongs alone, as RFC 6455, 5.5.3
    allows: uvicorn would keep them all.

    Adds ``scope["extensions"]["wsmigrate.abort"]["abort"]``: a callable without arguments that
    drops the connection at once, with what waits to be written. A close in order would wait for a
    client that reads nothing for as long as it stays."""

    _late_pongs = b""

    def handle_ping(self) -> None:
        """Answer now, or once the client takes something again."""
        pongs = b"".join(self.conn.data_to_send())  # of all pings that came together
        if self.writable.is_set() or self.conn.close_rcvd is not None:
            self.transport.write(pongs)
        elif pongs:
            self._late_pongs = pongs

    def resume_writing(self) -> None:
        """The client takes something again."""
        super().resume_writing()
        pongs, self._late_pongs = self._late_pongs, b""
        if pongs and not self.close_sent and not self.transport.is_closing():
            self.transport.write(pongs)

    async def run_asgi(self) -> None:
        """Run the application for this connection."""
        extensions = cast("dict[str, Any]", self.scope["extensions"])
        extensions[ABORT_EXTENSION] = {"abort": self.transport.abort}
        await super().run_asgi()
