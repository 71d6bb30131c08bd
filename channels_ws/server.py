"""What the sockets of one server process share: the room hub and the room binder."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.layers import channel_layers
from django.conf import settings

from channels_ws.binder import RoomBinder
from channels_ws.hub import RoomHub
from channels_ws.tables import check_tables
from wsmigrate.config import Config, config_of_settings
from wsmigrate.errors import ConfigError, WsmigrateError

logger = logging.getLogger(__name__)

_LAYER = "default"


class RoomServer:
    """Starts hub and binder on the event loop that serves the sockets, and stops them.

    Under uvicorn the lifespan protocol starts and stops it; servers without that protocol, as
    ``manage.py runserver``, start it with the first socket.
    """

    def __init__(self) -> None:
        self._hub: RoomHub | None = None
        self._binder: RoomBinder | None = None
        self._starting: asyncio.Task[RoomHub] | None = None

    @property
    def config(self) -> Config:
        """The settings in force. Raises ConfigError."""
        return config_of_settings(settings)

    async def hub(self) -> RoomHub:
        """The running hub. Raises WsmigrateError if it cannot be started."""
        if self._hub is not None:
            return self._hub
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name="room-server")
        return await asyncio.shield(self._starting)

    async def start(self) -> None:
        """Check settings and tables, then start. Raises WsmigrateError."""
        await check_tables(self.config.database)
        await self.hub()

    async def stop(self) -> None:
        """Close the sockets with 1012, leave the groups and unbind the rooms."""
        hub, self._hub = self._hub, None
        binder, self._binder = self._binder, None
        if hub is not None:
            await hub.stop()
        if binder is not None:
            await binder.stop()

    async def _start(self) -> RoomHub:
        config = self.config
        hub = RoomHub(config, _new_layer)
        binder = RoomBinder(config, hub.close_rooms) if config.binds_rooms else None
        await hub.start(binder)
        if binder is not None:
            await binder.start()
        self._hub, self._binder = hub, binder
        return hub


class Lifespan:
    """The ASGI lifespan of a RoomServer: an application for the scope ``lifespan``."""

    def __init__(self, server: RoomServer) -> None:
        self._server = server

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        """Start and stop as the server asks; a failure is one sentence in its log."""
        await receive()
        try:
            await self._server.start()
        except WsmigrateError as error:
            await send({"type": "lifespan.startup.failed", "message": f"wsmigrate: {error}"})
            return
        except Exception as error:
            logger.exception("The server cannot be started")
            reason = f"wsmigrate: {type(error).__name__}; see the log"
            await send({"type": "lifespan.startup.failed", "message": reason})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._server.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _new_layer() -> Any:
    """A channel layer of its own, so that a hub that starts over does not meet the old one's state.

    The first one is the shared instance: an in-memory layer only reaches those who use that.
    """
    if _LAYER not in getattr(settings, "CHANNEL_LAYERS", {}):
        raise ConfigError("CHANNEL_LAYERS has no 'default'.", then="No socket can be served.")
    try:
        layer = channel_layers[_LAYER]
        if getattr(layer, "wsmigrate_in_use", False):
            return channel_layers.make_backend(_LAYER)
    except (KeyError, TypeError, ValueError) as error:  # as a layer's constructor meets its CONFIG
        raise ConfigError(
            "The channel layer cannot be made with its CONFIG in CHANNEL_LAYERS: "
            f"{type(error).__name__} {error}."
        ) from error
    layer.wsmigrate_in_use = True
    return layer
