"""The room hub: one layer channel per server process, whatever the number of its sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

from channels_ws.delivered import DeliveredIds
from channels_ws.layer_link import LayerLink, LayerLostError
from channels_ws.outbox import CloseCode, TextFrame
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.message import message_of_event
from wsmigrate.rooms import group_of_room

logger = logging.getLogger(__name__)

_RETRY_S = 0.5


class Socket(Protocol):
    """A local socket, as the hub sees it. Neither method blocks."""

    def put(self, frame: TextFrame) -> bool:
        """Send a frame after those that wait; False if the socket is being closed."""

    def close(self, code: CloseCode) -> None:
        """Close the socket."""


class Binder(Protocol):
    """Who makes sure that a room's messages reach the layer (see channels_ws.binder)."""

    async def bind(self, room: str) -> None:
        """Return once the room is bound; raise UnavailableError otherwise."""

    async def unbind(self, room: str) -> None:
        """Take the binding back. Returns within a bounded time, whatever happens."""


class LayerError(UnavailableError):
    """The channel layer did not take a room, so a client that joined it would miss messages."""


class _Room:
    """A room with local sockets, or that had some until a moment ago."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.group = group_of_room(name)
        self.sockets: set[Socket] = set()
        self.joined_on: LayerLink | None = None
        # Joining and leaving take turns: the end of one must not undo the other.
        self.turn = asyncio.Lock()
        self.holding: asyncio.Task[None] | None = None
        self.lingering: asyncio.TimerHandle | None = None

    def stop_lingering(self) -> None:
        if self.lingering is not None:
            self.lingering.cancel()
            self.lingering = None


class RoomHub:
    """Receives each message of a room once and hands it to the room's local sockets, in order.

    The first socket of a room binds it and joins its group; both stay for a while after the last
    one has left, so that reconnects do not churn. A message that was delivered already, by its id,
    is dropped.

    When the layer fails, messages may have been missed: all sockets are closed with 1012, so that
    clients reconnect and catch up, and the hub starts over with a new link. Joins wait for it.
    """

    def __init__(self, config: Config, make_layer: Callable[[], Any]) -> None:
        self._config = config
        self._make_layer = make_layer
        self._binder: Binder | None = None
        self._rooms: dict[str, _Room] = {}
        self._delivered = DeliveredIds()
        self._link: LayerLink | None = None
        self._linked = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()

    async def start(self, binder: Binder | None = None) -> None:
        """Begin to receive. Raises what opening the layer raises."""
        if self._keeper is None:
            self._binder = binder
            link = await LayerLink.open(self._make_layer)
            self._keeper = asyncio.create_task(self._keep_linked(link), name="room-hub")

    async def stop(self) -> None:
        """Close what sockets there are with 1012, and leave all groups."""
        if self._keeper is None:
            return
        link, rooms = self._link, list(self._rooms.values())
        self._close_sockets(rooms)
        for room in rooms:
            room.stop_lingering()
        if link is not None:
            groups = [room.group for room in rooms if room.joined_on is link]
            await self._bounded(link.discard(groups))
        for task in (self._keeper, *self._chores):
            task.cancel()
        await asyncio.gather(self._keeper, *self._chores, return_exceptions=True)
        self._keeper = None

    async def join(self, name: str, socket: Socket) -> None:
        """Return once every message published to the room from now on reaches the socket.

        Raises UnavailableError (BindError or LayerError) when that cannot be had.
        """
        room = self._rooms.setdefault(name, _Room(name))
        room.stop_lingering()
        # At once: what comes in while the join is under way belongs to the socket already, and a
        # leaving that is under way sees that the room is wanted.
        room.sockets.add(socket)
        try:
            await self._hold(room)
        except BaseException:
            self.leave(name, socket)
            raise

    def leave(self, name: str, socket: Socket) -> None:
        """Forget the socket. The room is left later, unless somebody joins again."""
        room = self._rooms.get(name)
        if room is not None and socket in room.sockets:
            room.sockets.discard(socket)
            self._linger_if_empty(room)

    def close_rooms(self, names: Iterable[str]) -> None:
        """Close the sockets of rooms that may have missed messages with 1012."""
        self._close_sockets([self._rooms[name] for name in names if name in self._rooms])

    async def _hold(self, room: _Room) -> None:
        """Bind the room and be in its group. Who comes at the same time shares the outcome."""
        holding = room.holding
        if holding is None or holding.done():
            holding = room.holding = self._do(self._hold_now(room))
        await asyncio.shield(holding)

    async def _hold_now(self, room: _Room) -> None:
        async with room.turn:
            if self._binder is not None:
                await self._binder.bind(room.name)
            try:
                async with asyncio.timeout(self._config.bind_timeout_s):
                    await self._join_group(room)
            except Exception as error:  # layers raise what their databases raise
                raise LayerError(
                    f"The channel layer did not take a room ({type(error).__name__}).",
                    then="Its client is refused with 503.",
                ) from error

    async def _join_group(self, room: _Room) -> None:
        while self._link is None or room.joined_on is not self._link:
            await self._linked.wait()
            link = self._link
            if link is not None:
                await link.add(room.group)
                room.joined_on = link

    def _linger_if_empty(self, room: _Room) -> None:
        if not room.sockets and room.lingering is None:
            room.lingering = asyncio.get_running_loop().call_later(
                self._config.room_linger_s, self._linger_is_over, room
            )

    def _linger_is_over(self, room: _Room) -> None:
        room.lingering = None
        self._do(self._let_go(room))

    async def _let_go(self, room: _Room) -> None:
        async with room.turn:
            if room.sockets:
                return
            if room.joined_on is not None and room.joined_on is self._link:
                await self._bounded(room.joined_on.discard([room.group]))
            room.joined_on = None
            if self._binder is not None:
                await self._binder.unbind(room.name)
            if not room.sockets and room.lingering is None:
                self._rooms.pop(room.name, None)

    async def _keep_linked(self, link: LayerLink | None) -> None:
        while True:
            try:
                link = link or await LayerLink.open(self._make_layer)
                await self._use(link)
            except Exception as error:  # layers raise what their databases raise
                self._lose_link(link, error)
            link = None
            await asyncio.sleep(_RETRY_S)

    async def _use(self, link: LayerLink) -> None:
        """From the link's first canary to its end, which is an exception."""
        running = asyncio.create_task(link.run(self._deliver), name="layer-link")
        ready = asyncio.create_task(link.ready.wait())
        try:
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                self._link = link
                self._linked.set()
            await running
        finally:
            for task in (running, ready):
                task.cancel()
            await asyncio.gather(running, ready, return_exceptions=True)

    def _lose_link(self, link: LayerLink | None, error: Exception) -> None:
        """In one step, so that nobody joins on the lost link: the sockets are closed afterwards."""
        lost = self._link is not None
        self._link = None
        self._linked.clear()
        reason = error if isinstance(error, LayerLostError) else type(error).__name__
        if not lost:
            logger.warning("The channel layer cannot be listened to (%s)", reason)
            return
        rooms = list(self._rooms.values())
        count = self._close_sockets(rooms)
        logger.error(
            "The channel layer failed (%s). Messages may have been missed, so %d sockets are "
            "closed with 1012",
            reason,
            count,
        )
        if link is not None:
            groups = [room.group for room in rooms if room.joined_on is link]
            self._do(self._clean_up_after(link.channel, groups))

    async def _clean_up_after(self, channel: str, groups: list[str]) -> None:
        """Have a lost link's channel leave its groups, once a layer answers again."""
        await self._linked.wait()
        if self._link is not None:
            await self._link.discard(groups, channel)

    def _deliver(self, event: dict[str, Any]) -> None:
        try:
            message = message_of_event(event)
            frame = TextFrame.of(message.text)
        except ValueError as error:
            logger.warning("An event of the channel layer is not delivered: %s", error)
            return
        room = self._rooms.get(message.room)
        if room is None or not self._delivered.is_new(message.room, message.id):
            return
        for socket in tuple(room.sockets):
            if not socket.put(frame):
                self.leave(message.room, socket)

    def _close_sockets(self, rooms: list[_Room]) -> int:
        closed = 0
        for room in rooms:
            sockets, room.sockets = room.sockets, set()
            for socket in sockets:
                socket.close(CloseCode.SERVICE_RESTART)
            closed += len(sockets)
            self._linger_if_empty(room)
        return closed

    async def _bounded(self, act: Coroutine[Any, Any, None]) -> None:
        try:
            await asyncio.wait_for(act, self._config.bind_timeout_s)
        except TimeoutError:
            logger.warning("The channel layer does not answer; groups were not left")

    def _do(self, chore: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.debug("A chore of the hub failed: %s", error)  # whoever waits for it gets it
