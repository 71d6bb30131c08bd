"""What the sockets of one server process share: the room hub and the room binder."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.layers import channel_layers
from django.conf import settings

from channels_ws.auth.guard import Guard
from channels_ws.binder import RoomBinder
from channels_ws.bound_rooms import BoundRooms
from channels_ws.doorkeeper import Doorkeeper
from channels_ws.health import ServerHealth
from channels_ws.hub import RoomHub
from channels_ws.inbound.desk import Desk
from channels_ws.metrics import Metrics
from channels_ws.notify.state_source import connector
from channels_ws.refusal_log import RefusalLog
from channels_ws.site_name import SiteName
from channels_ws.state_watch import StateWatch
from channels_ws.tables import check_tables
from wsmigrate.config import Config, config_of_settings
from wsmigrate.errors import ConfigError, UnavailableError, WsmigrateError
from wsmigrate.site_state import SiteState
from wsmigrate.topology import InboxKind

logger = logging.getLogger(__name__)

SERVER_IN_STATE = "wsmigrate.server"
"""Where the lifespan's state holds the RoomServer: in the scope of every connection under
``scope["state"]``, and for the server that runs the application."""

_LAYER = "default"
_LAST_MESSAGES_WITHIN_S = 2.0


class RoomServer:
    """Starts hub and binder on the event loop that serves the sockets, and stops them.

    Under uvicorn the lifespan protocol starts and stops it; servers without that protocol, as
    ``manage.py runserver``, start it with the first socket.
    """

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.refusals = RefusalLog(logger)
        self._config: Config | None = None
        self._guard: Guard | None = None
        self._doorkeeper: Doorkeeper | None = None
        self._desk: Desk | None = None
        self._hub: RoomHub | None = None
        self._binder: RoomBinder | None = None
        self._watch: StateWatch | None = None
        self._bound_rooms: BoundRooms | None = None
        self._starting: asyncio.Task[RoomHub] | None = None

    @property
    def config(self) -> Config:
        """The settings in force, read when first asked for. Raises ConfigError."""
        if self._config is None:
            self._config = config_of_settings(settings)
        return self._config

    @property
    def guard(self) -> Guard:
        """Decides who gets in. Raises ConfigError."""
        if self._guard is None:
            self._guard = Guard(self.config, self.metrics)
        return self._guard

    @property
    def doorkeeper(self) -> Doorkeeper:
        """Keeps this process within its limits. Raises ConfigError."""
        if self._doorkeeper is None:
            self._doorkeeper = Doorkeeper(self.config, self.metrics, self._is_live)
        return self._doorkeeper

    @property
    def desk(self) -> Desk | None:
        """Takes what clients send; None where that is not switched on. Raises ConfigError."""
        if self._desk is None and self.config.takes_messages:
            self._desk = Desk(self.config, self.metrics)
        return self._desk

    async def hub(self) -> RoomHub:
        """The running hub. Raises WsmigrateError if it cannot be started."""
        if self._hub is not None:
            return self._hub
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name="room-server")
        return await asyncio.shield(self._starting)

    def health(self) -> ServerHealth:
        """What the links to layer and broker are like at this moment."""
        return ServerHealth(
            canary_age_s=None if self._hub is None else self._hub.canary_age_s(),
            broker_linked=None if self._binder is None else self._binder.is_linked,
        )

    async def drain(self, per_second: float, within_s: float) -> None:
        """Close the sockets with 1012 at this pace, or faster where they would not all be closed
        within so many seconds. Returns once none is left; new ones are for the caller to refuse.
        """
        if self._hub is not None:
            await self._hub.drain(per_second, within_s)

    async def start(self) -> None:
        """Check settings and tables, then start. Raises WsmigrateError."""
        await check_tables(self.config.database)
        self._load_hooks()
        await self.hub()

    def _load_hooks(self) -> None:
        """A hook that cannot be had is told now, and not to the first client."""
        self._guard = self.guard
        self._desk = self.desk

    async def stop(self) -> None:
        """Close the sockets with 1012, leave the groups and unbind the rooms."""
        hub, self._hub = self._hub, None
        binder, self._binder = self._binder, None
        watch, self._watch = self._watch, None
        if watch is not None:
            await watch.stop()
        if self._desk is not None:
            await self._desk.stop(_LAST_MESSAGES_WITHIN_S)
            self._desk = None
        if hub is not None:
            await hub.stop()
        if binder is not None:
            await binder.stop()
        if self._bound_rooms is not None:
            await self._bound_rooms.stop()
            self._bound_rooms = None
        self._config = None
        self._doorkeeper = None
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    async def _start(self) -> RoomHub:
        config = self.config
        hub = RoomHub(config, _new_layer, self.metrics, self.doorkeeper.room_gone)
        binds = config.binds_rooms
        connect = connector(config) if config.follows_state else None
        watch: StateWatch | None = None
        if connect is not None:
            watch = StateWatch(
                connect, self._apply, lambda: {**hub.facts(), **self.metrics.counts()}
            )
            state = await watch.start()
            if state is not None:
                hub.follow(state, watch.ask_now)
                binds = state.binds
        binder = self._new_binder(hub) if binds else None
        try:
            await hub.start(binder)
        except BaseException:
            if watch is not None:
                await watch.stop()
            raise
        self._hub, self._watch = hub, watch
        if binder is not None:
            await self._bind_with(binder)
        return hub

    async def _apply(self, state: SiteState) -> None:
        hub, watch = self._hub, self._watch
        if hub is None or watch is None:
            raise UnavailableError("The server is being started.")
        hub.follow(state, watch.ask_now)
        if state.binds:
            if self._binder is None:
                await self._bind_with(self._new_binder(hub))
            await hub.bind_with(self._binder)
        else:
            await hub.bind_with(None)
            await self._unbind()

    def _new_binder(self, hub: RoomHub) -> RoomBinder:
        if self.config.inbox_kind is InboxKind.STREAM:  # the bridge tells of another site's
            return RoomBinder(self.config, hub.close_rooms)
        return RoomBinder(self.config, hub.close_rooms, SiteName(self.config.database).read)

    async def _bind_with(self, binder: RoomBinder) -> None:
        await binder.start()
        self._binder = binder
        self._bound_rooms = BoundRooms(
            self.config.database, binder.key, lambda: binder.rooms, binder.start_over
        )
        self._bound_rooms.start()

    async def _unbind(self) -> None:
        binder, self._binder = self._binder, None
        bound_rooms, self._bound_rooms = self._bound_rooms, None
        if binder is not None:
            await binder.stop()
        if bound_rooms is not None:
            await bound_rooms.stop()

    def _is_live(self, room: str) -> bool:
        return self._hub is not None and self._hub.is_live(room)


class Lifespan:
    """The ASGI lifespan of a RoomServer: an application for the scope ``lifespan``."""

    def __init__(self, server: RoomServer) -> None:
        self._server = server

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Start and stop as the server asks; a failure is one sentence in its log."""
        await receive()
        if "state" in scope:
            scope["state"][SERVER_IN_STATE] = self._server
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
