"""The room hub: one layer channel per server process, whatever the number of its sockets."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from channels_ws.delivered import DeliveredIds
from channels_ws.outbox import CloseCode
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.message import message_of_event
from wsmigrate.rooms import group_of_room

logger = logging.getLogger(__name__)

_CANARY = "wsmigrate.canary"
_CANARY_EVERY_S = 2.0
_FIRST_CANARY_EVERY_S = 0.1
_CANARY_LATE_S = 8.0
_RETRY_S = 0.5


class Socket(Protocol):
    """A local socket, as the hub sees it. Neither method blocks."""

    def put(self, text: str) -> None:
        """Send a frame after those that wait."""

    def close(self, code: CloseCode) -> None:
        """Close the socket."""


class Binder(Protocol):
    """Who makes sure that a room's messages reach the layer (see channels_ws.binder)."""

    async def bind(self, room: str) -> None:
        """Return once the room is bound; raise UnavailableError otherwise."""

    async def unbind(self, room: str) -> None:
        """Take the binding back."""


class LayerError(UnavailableError):
    """The channel layer did not take a room, so a client that joined it would miss messages."""


class RoomHub:
    """Receives each message of a room once and hands it to the room's local sockets, in order.

    The first socket of a room binds it and joins its group; both stay for a while after the last
    one has left, so that reconnects do not churn. A message that was delivered already, by its id,
    is dropped. Nobody joins before a first canary message, which the hub sends to itself, has come
    back through the layer: some layers lose what is sent while they begin to listen.

    When the layer fails, or the canary stays away, messages may have been missed: all sockets are
    closed with 1012, so that clients reconnect and catch up, and the hub starts over with a new
    layer.
    """

    def __init__(
        self, config: Config, make_layer: Callable[[], Any], binder: Binder | None
    ) -> None:
        self._config = config
        self._make_layer = make_layer
        self._binder = binder
        self._rooms: dict[str, set[Socket]] = {}
        self._joins: dict[str, asyncio.Task[None]] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._delivered = DeliveredIds()
        self._layer: Any = None
        self._channel = ""
        self._canary_at = 0.0
        self._receiving = asyncio.Event()
        self._receiver: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take a channel of the layer and begin to receive."""
        if self._receiver is None:
            await self._open_layer()
            self._receiver = asyncio.create_task(self._stay_receiving(), name="room-hub")

    async def stop(self) -> None:
        """Leave all groups and close what sockets there are with 1012."""
        if self._receiver is None:
            return
        self._receiver.cancel()
        await asyncio.gather(self._receiver, return_exceptions=True)
        self._receiver = None
        for handle in self._lingering.values():
            handle.cancel()
        rooms = list(self._joins)
        self._close_all()
        await asyncio.gather(*(self._leave_group(room) for room in rooms), return_exceptions=True)

    async def join(self, room: str, socket: Socket) -> None:
        """Return once every message published to the room from now on reaches the socket.

        Raises UnavailableError (BindError or LayerError) when that cannot be had.
        """
        lingering = self._lingering.pop(room, None)
        if lingering is not None:
            lingering.cancel()
        # Before the join: what comes in while it is under way belongs to the socket already.
        self._rooms.setdefault(room, set()).add(socket)
        task = self._joins.get(room)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._joins[room] = asyncio.create_task(self._join_now(room))
        try:
            await asyncio.shield(task)
        except BaseException:
            self.leave(room, socket)
            raise

    def leave(self, room: str, socket: Socket) -> None:
        """Forget the socket. The room is left later, unless somebody joins again."""
        sockets = self._rooms.get(room)
        if sockets is None or socket not in sockets:
            return
        sockets.discard(socket)
        if not sockets:
            del self._rooms[room]
            loop = asyncio.get_running_loop()
            self._lingering[room] = loop.call_later(
                self._config.room_linger_s, self._linger_is_over, room
            )

    async def _join_now(self, room: str) -> None:
        leaving = self._leaving.get(room)
        if leaving is not None:  # else its end would undo this join
            await asyncio.wait({leaving})
        if self._binder is not None:
            await self._binder.bind(room)
        try:
            async with asyncio.timeout(self._config.bind_timeout_s):
                await self._receiving.wait()
                await self._layer.group_add(group_of_room(room), self._channel)
        except Exception as error:  # layers raise what their databases raise
            raise LayerError(
                f"The channel layer did not take a room ({type(error).__name__}).",
                then="Its client is refused with 503.",
            ) from error

    def _linger_is_over(self, room: str) -> None:
        del self._lingering[room]
        self._joins.pop(room, None)
        self._leaving[room] = asyncio.create_task(self._leave_now(room), name="leave-room")

    async def _leave_now(self, room: str) -> None:
        try:
            await self._leave_group(room)
            if self._binder is not None:
                await self._binder.unbind(room)
        finally:
            del self._leaving[room]

    async def _leave_group(self, room: str) -> None:
        try:
            await self._layer.group_discard(group_of_room(room), self._channel)
        except Exception as error:
            logger.warning("A group was not left: %s", type(error).__name__)

    async def _open_layer(self) -> None:
        self._layer = self._make_layer()
        self._channel = await self._layer.new_channel("wsmigrate")

    async def _stay_receiving(self) -> None:
        while True:
            failure = await self._receive_until_failure()
            logger.error(
                "The channel layer failed (%s). Messages may have been missed, so %d sockets are "
                "closed with 1012",
                failure,
                sum(len(sockets) for sockets in self._rooms.values()),
            )
            self._close_all()
            await asyncio.sleep(_RETRY_S)
            await self._open_layer()

    async def _receive_until_failure(self) -> str:
        loop = asyncio.get_running_loop()
        self._canary_at = loop.time()
        self._receiving.clear()
        tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send_canaries())]
        try:
            while True:
                late = self._canary_at + _CANARY_LATE_S - loop.time()
                if late <= 0:
                    return "its canary message did not come back"
                done, _ = await asyncio.wait(
                    tasks, timeout=min(late, 1.0), return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    return type(task.exception()).__name__
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            event = await self._layer.receive(self._channel)
            if event.get("type") == _CANARY:
                self._canary_at = loop.time()
                self._receiving.set()
                continue
            self._deliver(event)

    async def _send_canaries(self) -> None:
        while True:
            await self._layer.send(self._channel, {"type": _CANARY, "id": uuid.uuid4().hex})
            came_back = self._receiving.is_set()
            await asyncio.sleep(_CANARY_EVERY_S if came_back else _FIRST_CANARY_EVERY_S)

    def _deliver(self, event: dict[str, Any]) -> None:
        try:
            message = message_of_event(event)
        except ValueError as error:
            logger.warning("A message of the channel layer is not delivered: %s", error)
            return
        if not self._delivered.is_new(message.room, message.id):
            return
        for socket in tuple(self._rooms.get(message.room, ())):
            socket.put(message.text)

    def _close_all(self) -> None:
        """Close every socket. Rooms are joined anew, on the new layer, by whoever comes back."""
        for handle in self._lingering.values():
            handle.cancel()
        self._lingering.clear()
        rooms, self._rooms = self._rooms, {}
        self._joins.clear()
        for sockets in rooms.values():
            for socket in sockets:
                socket.close(CloseCode.SERVICE_RESTART)
