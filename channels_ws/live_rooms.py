"""The live rooms of a server process: bound, and in their groups, for as long as sockets want."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Protocol

from channels_ws.layer_link import LayerLink
from channels_ws.link_keeper import RENEW_AFTER, LinkKeeper
from channels_ws.outbox import CloseCode, TextFrame
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.rooms import group_of_room

logger = logging.getLogger(__name__)


class Socket(Protocol):
    """A local socket, as the hub sees it. Neither method blocks."""

    def put(self, frame: TextFrame) -> bool:
        """Send a frame after those that wait; False if the socket is being closed."""

    def close(self, code: CloseCode) -> None:
        """Close the socket."""


class Binder(Protocol):
    """Who makes sure that a room's messages reach the layer (see channels_ws.binder)."""

    def is_bound(self, room: str) -> bool:
        """Whether the room is bound now, so that ``bind`` would have nothing to do."""

    async def bind(self, room: str) -> None:
        """Return once the room is bound; raise UnavailableError otherwise."""

    async def unbind(self, room: str) -> None:
        """Take the binding back. Returns within a bounded time, whatever happens."""

    def bind_anew(self, rooms: Collection[str]) -> None:
        """Their bindings are gone: they are not bound from now on, until they are bound again."""


class LayerError(UnavailableError):
    """The channel layer did not take a room, so a client that joined it would miss messages."""


class LiveRoom:
    """A room with local sockets, or that had some until a moment ago."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.group = group_of_room(name)
        self.sockets: set[Socket] = set()
        self.joined_on: LayerLink | None = None
        self.joined_after = -1  # so many gaps
        # Joining and leaving take turns: the end of one must not undo the other.
        self.turn = asyncio.Lock()
        self.holding: asyncio.Task[None] | None = None
        self.lingering: asyncio.TimerHandle | None = None

    def stop_lingering(self) -> None:
        """Somebody wants it again."""
        if self.lingering is not None:
            self.lingering.cancel()
            self.lingering = None


class LiveRooms(dict[str, LiveRoom]):
    """The live rooms by name.

    The first socket of a room binds it and joins its group; both stay for a while after the last
    one has left, so that reconnects do not churn.
    """

    def __init__(self, config: Config, links: LinkKeeper, on_gone: Callable[[str], None]) -> None:
        """``on_gone`` is told of rooms that were left."""
        super().__init__()
        self._on_gone = on_gone
        self.binder: Binder | None = None
        self._config = config
        self._links = links
        self._chores: set[asyncio.Task[None]] = set()
        self._gaps = 0

    def start(self) -> None:
        """Begin to keep the rooms in their groups."""
        self._do(self._stay_in_groups())

    async def add(self, name: str, socket: Socket) -> None:
        """Return once every message published to the room from now on reaches the socket.

        Raises UnavailableError when that cannot be had; the socket is forgotten then.
        """
        room = self.get(name)
        if room is None:
            room = self[name] = LiveRoom(name)
        room.stop_lingering()
        # At once: what comes in while the join is under way belongs to the socket already, and a
        # leaving that is under way sees that the room is wanted.
        room.sockets.add(socket)
        if self._is_held(room):
            return
        try:
            await self._hold(room)
        except BaseException:
            self.remove(name, socket)
            raise

    def remove(self, name: str, socket: Socket) -> None:
        """Forget the socket. The room is left later, unless somebody joins again."""
        room = self.get(name)
        if room is not None and socket in room.sockets:
            room.sockets.discard(socket)
            self._linger_if_empty(room)

    def take_sockets(self, room: LiveRoom) -> set[Socket]:
        """All sockets of a room, which loses them."""
        sockets, room.sockets = room.sockets, set()
        self._linger_if_empty(room)
        return sockets

    def join_anew(self) -> None:
        """Have every room join its group again for its next socket: after a gap it may have lost
        its place there."""
        self._gaps += 1

    def clean_up_after(self, lost: LayerLink) -> None:
        """Have a lost link's channel leave its groups, once a layer answers again."""
        groups = [room.group for room in self.values() if room.joined_on is lost]
        self._do(self._leave_groups_of(lost.channel, groups))

    async def stop(self) -> None:
        """Leave all groups, as far as the layer answers."""
        link = self._links.link
        for room in self.values():
            room.stop_lingering()
        if link is not None:
            groups = [room.group for room in self.values() if room.joined_on is link]
            await self._bounded(link.discard(groups))
        for task in self._chores:
            task.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    def _is_held(self, room: LiveRoom) -> bool:
        return (
            self._is_joined(room)
            and not room.turn.locked()
            and (self.binder is None or self.binder.is_bound(room.name))
        )

    def _is_joined(self, room: LiveRoom) -> bool:
        return (
            room.joined_on is not None
            and room.joined_on is self._links.link
            and room.joined_after == self._gaps
        )

    async def _hold(self, room: LiveRoom) -> None:
        """Bind the room and be in its group. Who comes at the same time shares the outcome."""
        holding = room.holding
        if holding is None or holding.done():
            holding = room.holding = self._do(self._hold_now(room))
        await asyncio.shield(holding)

    async def _hold_now(self, room: LiveRoom) -> None:
        async with room.turn:
            await self._bind(room.name)
            try:
                async with asyncio.timeout(self._config.bind_timeout_s):
                    await self._join_group(room)
            except Exception as error:  # layers raise what their databases raise
                raise LayerError(
                    f"The channel layer did not take a room ({type(error).__name__}).",
                    then="Its client is refused with 503.",
                ) from error

    async def _bind(self, name: str) -> None:
        """With the binder of this moment: it may be changed while its broker is waited for."""
        bound_by: Binder | None = None
        while self.binder is not None and self.binder is not bound_by:
            binder = self.binder
            try:
                await binder.bind(name)
            except UnavailableError:
                if self.binder is binder:
                    raise
            bound_by = binder

    async def _join_group(self, room: LiveRoom) -> None:
        while not self._is_joined(room):
            link, gaps = await self._links.linked(), self._gaps
            await link.add(room.group)
            room.joined_on, room.joined_after = link, gaps

    async def _stay_in_groups(self) -> None:
        """Join anew before the memberships expire: most layers end them some time after a channel
        has joined, which is meant for the channels of sockets."""
        while True:
            link = await self._links.linked()
            if link.membership_s is None:
                return  # and another link is one to the same kind of layer
            await asyncio.sleep(link.membership_s * RENEW_AFTER)
            for room in list(self.values()):
                async with room.turn:
                    if room.joined_on is link and link is self._links.link:
                        await self._renew(link, room)

    async def _renew(self, link: LayerLink, room: LiveRoom) -> None:
        try:
            async with asyncio.timeout(self._config.bind_timeout_s):
                await link.add(room.group)
        except Exception as error:  # layers raise what their databases raise
            logger.warning("A group was not joined anew: %s", type(error).__name__)

    def _linger_if_empty(self, room: LiveRoom) -> None:
        if not room.sockets and room.lingering is None:
            room.lingering = asyncio.get_running_loop().call_later(
                self._config.room_linger_s, self._linger_is_over, room
            )

    def _linger_is_over(self, room: LiveRoom) -> None:
        room.lingering = None
        self._do(self._let_go(room))

    async def _let_go(self, room: LiveRoom) -> None:
        async with room.turn:
            if room.sockets:
                return
            if room.joined_on is not None and room.joined_on is self._links.link:
                await self._bounded(room.joined_on.discard([room.group]))
            room.joined_on = None
            if self.binder is not None:
                await self.binder.unbind(room.name)
            if not room.sockets and room.lingering is None:
                self.pop(room.name, None)
                self._on_gone(room.name)

    async def _leave_groups_of(self, channel: str, groups: list[str]) -> None:
        link = await self._links.linked()
        await link.discard(groups, channel)

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
