"""The consumer of a room's socket."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from channels_ws.admission import NotAdmittedError
from channels_ws.auth.expiry import ExpiryTimer
from channels_ws.auth.guard import RefusedError
from channels_ws.auth.tokens import chosen_subprotocol
from channels_ws.binder import BindError
from channels_ws.doorkeeper import Seat
from channels_ws.hub import DrainingError
from channels_ws.inbound.intake import Intake
from channels_ws.live_rooms import LayerError
from channels_ws.outbox import CloseCode, Outbox, OutboxLimits
from channels_ws.server import RoomServer
from wsmigrate.barrier import is_barrier_room
from wsmigrate.config import Config
from wsmigrate.errors import WsmigrateError
from wsmigrate.inbox_claim import is_claim
from wsmigrate.rooms import RoomError, room_of_decoded_path, room_of_path
from wsmigrate.synthetic import is_synthetic_room

_UNAVAILABLE: dict[type[WsmigrateError], str] = {
    BindError: "broker",
    LayerError: "layer",
    DrainingError: "draining",
}


class RoomConsumer(AsyncWebsocketConsumer):
    """Sends the messages of the room that the request path names, as text frames.

    Accepted only once the room is bound and joined, so a client that is connected misses nothing.
    What the client sends is thrown away, or goes to the room where that is switched on. Refusals at
    the handshake: 403 for a room that cannot be and for whoever may not in, 503 when that cannot be
    found out, or when the broker or the layer does not answer, 503 or 429 when that would be more
    than the limits allow. A token that expires ends its socket with 4401.
    """

    # The hub alone registers with the layer; without an alias Channels takes no channel for the
    # socket.
    channel_layer_alias = None
    scope: dict[str, Any]

    def __init__(self, server: RoomServer) -> None:
        super().__init__()
        self._server = server
        self._outbox: Outbox | None = None
        self._seat: Seat | None = None
        self._leave_room: Callable[[], None] | None = None
        self._expiry: ExpiryTimer | None = None
        self._intake: Intake | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket. However it ends, nothing of it stays behind."""
        # In place of Channels' own loop, which takes a second task for each socket.
        self.scope, self.base_send = scope, send
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            self._end()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hand an ASGI event to its handler. Without Channels' look at the database connections,
        which takes another thread for each event: nothing here uses one."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Join, then accept."""
        try:
            await self._join()
        except RoomError as error:
            self._server.refusals.say("no-room", f"Refused with 403: {error.reason}")
            self._server.metrics.handshakes_refused.labels(reason="no-room").inc()
            await self.close()
            return
        except NotAdmittedError as error:  # logged and counted by the doorkeeper
            await self._refuse(error.refusal.status)
            return
        except RefusedError as refusal:  # logged and counted by the guard
            await self._refuse(refusal.reason.status)
            return
        except WsmigrateError as error:
            reason = _UNAVAILABLE.get(type(error), "server")
            self._server.refusals.say(reason, f"Refused with 503: {error}")
            self._server.metrics.handshakes_refused.labels(reason=reason).inc()
            await self._refuse(503)
            return
        offered = self.scope.get("subprotocols") or ()
        await self.accept(subprotocol=chosen_subprotocol(offered, self._server.config))
        self._count_open()
        if self._outbox is not None:
            self._outbox.open()
        if self._expiry is not None:
            self._expiry.start()

    async def _join(self) -> None:
        room = room_of_scope(self.scope)
        config = self._server.config
        if is_barrier_room(room, config.inbox_prefix) or is_claim(room):
            raise RoomError(room, "its name is reserved for wsmigrate")
        self._seat = await self._server.doorkeeper.seat(self.scope, room)
        identity = await self._server.guard.admit(self.scope, room)
        self.scope = identity.put_into(self.scope)
        if identity.expires_at is not None and config.closes_on_token_expiry:
            self._expiry = ExpiryTimer(identity.expires_at, self._token_expired)
        hub, desk = await self._server.hub(), self._server.desk
        outbox = self._outbox = self._new_outbox(config)
        if desk is not None:
            self._intake = Intake(desk, identity, room, outbox)
        await hub.join(room, outbox)
        self._leave_room = functools.partial(hub.leave, room, outbox)

    def _new_outbox(self, config: Config) -> Outbox:
        extensions = self.scope.get("extensions") or {}
        return Outbox(
            self.base_send,
            OutboxLimits(config.outbox_frames, config.outbox_bytes),
            abort=extensions.get("wsmigrate.abort", {}).get("abort"),
            on_close=self._count_close,
        )

    def _count_open(self) -> None:
        rooms = "synthetic" if is_synthetic_room(room_of_scope(self.scope)) else "site"
        self._server.metrics.sockets_opened.labels(rooms=rooms).inc()

    def _count_close(self, code: CloseCode) -> None:
        reason = code.name.lower().replace("_", "-")
        self._server.metrics.sockets_closed.labels(reason=reason).inc()

    async def receive(self, text_data: str | None = None, **_bytes_data: bytes) -> None:
        """Take what the client sends; by default it is thrown away, as on the legacy server."""
        if self._intake is not None:
            self._intake.take(text_data)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:  # noqa: ARG002
        """The client is gone."""
        raise StopConsumer

    def _token_expired(self) -> None:
        self._server.metrics.token_expired.inc()
        if self._outbox is not None:
            self._outbox.close(CloseCode.TOKEN_EXPIRED)

    def _end(self) -> None:
        if self._leave_room is not None:
            self._leave_room()
        if self._expiry is not None:
            self._expiry.cancel()
        if self._seat is not None:
            self._seat.give_back()
        if self._outbox is not None:
            self._outbox.end()

    async def _refuse(self, status: int) -> None:
        """Refuse the handshake with an HTTP status, where the ASGI server can send one."""
        if "websocket.http.response" not in (self.scope.get("extensions") or {}):
            await self.close()
            return
        await self.base_send(
            {"type": "websocket.http.response.start", "status": status, "headers": []}
        )
        await self.base_send({"type": "websocket.http.response.body", "body": b""})
        # uvicorn logs an error for an application that ends before it has seen the connection end.
        for _ in range(3):
            await asyncio.sleep(0)


def room_of_scope(scope: dict[str, Any]) -> str:
    raw_path = scope.get("raw_path")
    if raw_path is not None:
        return room_of_path(raw_path.partition(b"?")[0])
    return room_of_decoded_path(scope["path"].encode("utf-8"))
