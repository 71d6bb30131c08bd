"""Runs a project's ASGI application from its start to its paced end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from pathlib import Path
from typing import Any

import uvicorn

from channels_ws.server import SERVER_IN_STATE, RoomServer
from channels_ws.serving.admin import AdminEndpoints
from channels_ws.serving.admin_server import AdminServer
from channels_ws.serving.end_signals import EndSignals
from channels_ws.serving.gate import Gate
from channels_ws.serving.lifespan import ApplicationLifespan
from channels_ws.serving.listening import bound_socket, where
from channels_ws.serving.open_files import raise_limit_of_open_files, warn_if_too_few
from channels_ws.serving.options import ServeOptions
from channels_ws.serving.paced_server import PacedServer
from channels_ws.serving.protocol import ServingProtocol
from channels_ws.serving.readiness import Phase
from channels_ws.serving.status import ServingStatus
from wsmigrate.errors import ConfigError

logger = logging.getLogger(__name__)

_BACKLOG = 4096
"""Connections that may wait to be taken: at a cutover they come all at once."""


def run(application: Any, name: str, options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT. ``name`` is the application's, for messages.

    Raises WsmigrateError for what keeps it from starting.
    """
    files = raise_limit_of_open_files()
    status = ServingStatus(options.canary_late_s)
    config = _uvicorn_config(Gate(application, status, options.door_path), options)
    with contextlib.ExitStack() as places:
        bound = places.enter_context(bound_socket(options.listen, "clients"))
        if isinstance(options.listen, Path):
            places.callback(options.listen.unlink, missing_ok=True)
        admin = None
        if options.admin is not None:
            admin_bound = places.enter_context(bound_socket(options.admin, "the admin endpoints"))
            admin = AdminServer(AdminEndpoints(status), admin_bound)
        serving = _Serving(
            ApplicationLifespan(application, name), status, PacedServer(config), admin, options
        )
        with (
            EndSignals(options.ending.within_s, serving.begin_to_end) as signals,
            asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
        ):
            runner.run(serving.run(bound, signals, files))


class _Serving:
    """One application on its servers."""

    def __init__(
        self,
        lifespan: ApplicationLifespan,
        status: ServingStatus,
        server: PacedServer,
        admin: AdminServer | None,
        options: ServeOptions,
    ) -> None:
        self._lifespan = lifespan
        self._status = status
        self._server = server
        self._admin = admin
        self._options = options

    def begin_to_end(self) -> None:
        """Called in a signal handler."""
        self._status.change(Phase.DRAINING)
        self._server.stop()

    async def run(self, bound: socket.socket, signals: EndSignals, files: int) -> None:
        """Start, serve, end."""
        await self._lifespan.startup()
        try:
            self._status.room_server = server = _room_server(self._lifespan)
            warn_if_too_few(files, server.config.max_sockets)
            if self._admin is not None:
                await self._admin.start()
            await self._server.listen(bound, self._lifespan.state)
            self._status.change(Phase.SERVING)
            logger.info("Serving %s on %s", self._lifespan.name, where(bound))
            await self._server.until_stopped()
            await self._close(server, signals)
        finally:
            await self._lifespan.shutdown(self._options.ending.leaving_s)
            if self._admin is not None:
                await self._admin.stop()

    async def _close(self, server: RoomServer, signals: EndSignals) -> None:
        """From the signal until no connection is left."""
        ending = self._options.ending
        began = time.monotonic() if signals.came_at is None else signals.came_at
        logger.info(
            "Ending: no new sockets; the open ones are closed from %g s on, at %g a second",
            ending.drain_delay_s,
            ending.per_second,
        )
        await asyncio.sleep(began + ending.drain_delay_s - time.monotonic())
        left_s = began + ending.drain_delay_s + ending.closing_s - time.monotonic()
        await server.drain(ending.per_second, left_s)
        cut_off = await self._server.close_connections(
            ending.goodbye_s, began + ending.connections_gone_at_s
        )
        took_s = time.monotonic() - began
        logger.info("No connection is left after %.1f s; %d were cut off", took_s, cut_off)


def _room_server(lifespan: ApplicationLifespan) -> RoomServer:
    server = lifespan.state.get(SERVER_IN_STATE)
    if not isinstance(server, RoomServer):
        raise ConfigError(
            f"The application {lifespan.name} serves no rooms.",
            remedy='Give it "lifespan": lifespan of channels_ws.routing: see docs/install.md.',
        )
    return server


def _uvicorn_config(application: Any, options: ServeOptions) -> uvicorn.Config:
    """uvicorn's settings: a loaded configuration. Raises ConfigError for TLS files that cannot be
    used."""
    tls = options.tls
    config = uvicorn.Config(
        application,
        interface="asgi3",
        ws=ServingProtocol,
        # The old server never compresses.
        ws_per_message_deflate=False,
        lifespan="off",  # seen to by ApplicationLifespan
        # Logs are the project's; uvicorn's lines on requests hold query strings, and so tokens.
        log_config=None,
        access_log=False,
        # Whom to believe a forwarded address is for the admission to know, in one place.
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    try:
        config.load()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
        raise ConfigError(
            f"The TLS certificate and key cannot be used ({reason or type(error).__name__}).",
            remedy="Both have to be PEM files, and the key has to be the certificate's.",
        ) from error
    return config
