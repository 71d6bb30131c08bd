"""The listener of the endpoints for operators: apart from clients, and up until the very end."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn


class AdminServer:
    """A second, small HTTP server on the same event loop."""

    def __init__(self, application: Any, bound: socket.socket) -> None:
        self._bound = bound
        config = uvicorn.Config(
            application,
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once it listens."""
        await self._server.startup(sockets=[self._bound])
        self._serving = asyncio.create_task(self._server.main_loop(), name="admin")

    async def stop(self) -> None:
        """Return after a second at most."""
        if self._serving is None:
            return
        self._server.should_exit = True
        await self._serving
        await self._server.shutdown(sockets=[self._bound])
