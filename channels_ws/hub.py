"""The room hub: one layer channel per server process, whatever the number of its sockets."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from channels_ws.copies import Copies
from channels_ws.delivered import DeliveredIds
from channels_ws.layer_link import LayerLink
from channels_ws.link_keeper import LinkKeeper
from channels_ws.live_rooms import Binder, LiveRoom, LiveRooms, Socket
from channels_ws.metrics import Metrics
from channels_ws.outbox import CloseCode, TextFrame
from channels_ws.pace import ClosingPace
from channels_ws.two_paths import PathLimits, TwoPaths
from wsmigrate.barrier import barrier_room, marker_of
from wsmigrate.config import Config, NotifyBackend
from wsmigrate.errors import UnavailableError
from wsmigrate.gap import GAPS_GROUP, InboxGap, gap_of_event
from wsmigrate.message import Message, message_of_event
from wsmigrate.rooms import group_of_room
from wsmigrate.site_state import NO_CUTOVER, SiteState

logger = logging.getLogger(__name__)

_DRAIN_STEP_S = 0.02
_TICK_S = 0.5


def _nobody(_room: str) -> None:
    return


def _nothing() -> None:
    return


class DrainingError(UnavailableError):
    """The server is about to end and takes no more sockets."""


class RoomHub:
    """Receives each message of a room once and hands it to the room's local sockets, in order.

    A message that was delivered already, by its id, is dropped.

    When messages may have been missed, because the layer failed or cannot catch up, all sockets
    are closed with 1012, so that clients reconnect and fetch what they missed. Where the layer
    failed the hub starts over with a new link. Joins wait for it.
    """

    def __init__(
        self,
        config: Config,
        make_layer: Callable[[], Any],
        metrics: Metrics | None = None,
        on_room_gone: Callable[[str], None] = _nobody,
    ) -> None:
        """``on_room_gone`` is told of rooms that were left."""
        self._metrics = metrics or Metrics()
        self._config = config
        self._delivered = DeliveredIds()
        limits = PathLimits(config.barrier_hold_s, 2 * config.barrier_hold_s)
        at_first = NO_CUTOVER
        if config.notify_backend is not None:
            at_first = replace(at_first, backend=config.notify_backend, binds=config.binds_rooms)
        self._paths = TwoPaths(config.inboxes, limits, at_first)
        self._on_news = _nothing
        self._ticking: asyncio.Task[None] | None = None
        self._copies = Copies(expected=config.notify_backend is NotifyBackend.BOTH)
        self._compared: Counter[str] = Counter()
        inboxes = range(config.inboxes if config.follows_state else 0)
        barriers = [barrier_room(inbox, config.inbox_prefix) for inbox in inboxes]
        self._links = LinkKeeper(
            make_layer,
            self._deliver,
            self._missed,
            self._metrics,
            standing_groups=[GAPS_GROUP, *map(group_of_room, barriers)],
        )
        self._rooms = LiveRooms(config, self._links, on_room_gone)
        self._draining = False
        self._running = False
        self._metrics.rooms.set_function(lambda: len(self._rooms))
        self._metrics.sockets.set_function(
            lambda: sum(len(room.sockets) for room in self._rooms.values())
        )

    async def start(self, binder: Binder | None = None) -> None:
        """Begin to receive. Raises what opening the layer raises."""
        if not self._running:
            self._rooms.binder = binder
            await self._links.start()
            self._rooms.start()
            self._running = True
            self._ticking = asyncio.create_task(self._tick(), name="hub-tick")

    async def stop(self) -> None:
        """Close what sockets there are with 1012, and leave all groups."""
        if self._running:
            self._running = False
            if self._ticking is not None:
                self._ticking.cancel()
            self._close_sockets(list(self._rooms.values()))
            await self._rooms.stop()
            await self._links.stop()

    async def join(self, name: str, socket: Socket) -> None:
        """Return once every message published to the room from now on reaches the socket.

        Raises UnavailableError (BindError, LayerError, DrainingError) when that cannot be had.
        """
        if self._draining:
            raise DrainingError("The server is ending.", then="New clients are refused with 503.")
        await self._rooms.add(name, socket)

    def leave(self, name: str, socket: Socket) -> None:
        """Forget the socket. The room is left later, unless somebody joins again."""
        self._rooms.remove(name, socket)

    def follow(self, state: SiteState, on_news: Callable[[], None]) -> None:
        """The state is this from now on; ``on_news`` is called when a message shows that there is a
        newer one."""
        self._on_news = on_news
        if state.backend is NotifyBackend.BOTH:
            self._copies.expect()
        self._hand_out(self._paths.follow(state, asyncio.get_running_loop().time()))

    async def bind_with(self, binder: Binder | None) -> None:
        """Have rooms bound by it from now on; returns once all live ones are. None: no room has to
        be bound any more. Raises BindError; those that come are bound by it all the same."""
        self._rooms.binder = binder
        if binder is not None:
            names = list(self._rooms)
            await asyncio.gather(*map(binder.bind, names))
            await asyncio.gather(
                *(binder.unbind(name) for name in names if name not in self._rooms)
            )

    def facts(self) -> dict[str, Any]:
        """What is told to whoever conducts the cutover."""
        return {
            "sockets": sum(len(room.sockets) for room in self._rooms.values()),
            "rooms": len(self._rooms),
            "barrier_passed": self._paths.barrier_passed,
            "held": self._paths.waiting,
            "waited": dict(self._paths.counts),
            "copies": dict(self._compared),
        }

    def is_live(self, name: str) -> bool:
        """Whether a room has sockets, or had some until a moment ago."""
        return name in self._rooms

    def canary_age_s(self) -> float | None:
        """Seconds since the hub's own canary last came back through the layer; None: never yet."""
        return self._links.canary_age_s()

    def close_rooms(self, names: Iterable[str]) -> None:
        """Close the sockets of rooms that may have missed messages with 1012."""
        self._close_sockets([self._rooms[name] for name in names if name in self._rooms])

    async def drain(self, per_second: float, within_s: float) -> None:
        """Close all sockets with 1012, ``per_second`` each second but all within ``within_s``
        seconds, and take no new ones. Those that are still open get their messages."""
        self._draining = True
        clock = asyncio.get_running_loop().time
        leaving = [(room, socket) for room in self._rooms.values() for socket in room.sockets]
        pace, begin, closed = ClosingPace(len(leaving), per_second, within_s), clock(), 0
        while closed < len(leaving):
            due = pace.due(clock() - begin)
            for room, socket in leaving[closed:due]:
                self._rooms.remove(room.name, socket)
                socket.close(CloseCode.SERVICE_RESTART)
            closed = due
            await asyncio.sleep(_DRAIN_STEP_S)
        self._close_sockets(list(self._rooms.values()))  # of joins that were under way

    def _deliver(self, event: dict[str, Any]) -> None:
        gap = gap_of_event(event)
        if gap is not None:
            self._inbox_missed(gap)
            return
        try:
            message = message_of_event(event)
            frame = TextFrame.of(message.text)
        except ValueError as error:
            self._metrics.events_dropped.labels(reason="not-ours").inc()
            logger.warning("An event of the channel layer is not delivered: %s", error)
            return
        if self._paths.passes(message):
            self._hand_out_one(message, frame)
        else:
            self._sort(message)

    def _sort(self, message: Message) -> None:
        """Compare what came by both ways, and deliver what is due by now."""
        for outcome in self._copies.seen(message):
            self._metrics.copies.labels(outcome=outcome.value).inc()
            self._compared[outcome.value] += 1
        due = self._paths.take(message, asyncio.get_running_loop().time())
        if message.is_copy and not due:
            self._metrics.events_dropped.labels(reason="copy").inc()
        self._hand_out(due)
        if self._paths.wants_state:
            self._on_news()

    async def _tick(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_TICK_S)
            self._hand_out(self._paths.tick(clock()))

    def _hand_out(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._hand_out_one(message, TextFrame.of(message.text))

    def _hand_out_one(self, message: Message, frame: TextFrame) -> None:
        room = self._rooms.get(message.room)
        if room is None:
            if not self._is_marker(message):
                self._metrics.events_dropped.labels(reason="no-room").inc()
        elif not self._delivered.is_new(message.room, message.id):
            self._metrics.events_dropped.labels(reason="duplicate").inc()
        else:
            self._count(message, frame, self._fan_out(room, frame))

    def _is_marker(self, message: Message) -> bool:
        """Whether it is a marker of the barrier; it is noted then. No room of clients has its
        name."""
        marker = marker_of(message.room, message.text, self._config.inbox_prefix)
        if marker is None:
            return False
        self._hand_out(self._paths.marker(marker, asyncio.get_running_loop().time()))
        self._on_news()  # whoever sent it waits to hear that it came
        return True

    def _fan_out(self, room: LiveRoom, frame: TextFrame) -> int:
        sockets = tuple(room.sockets)
        gone = [socket for socket in sockets if not socket.put(frame)]
        for socket in gone:
            self._rooms.remove(room.name, socket)
        return len(sockets) - len(gone)

    def _count(self, message: Message, frame: TextFrame, sent: int) -> None:
        """Once for a message and not for each frame: this is the hot path."""
        self._metrics.fan_out.count(sent, frame.size)
        if message.published_at is not None and sent:
            # Two clocks: of a publisher whose clock is ahead nothing else can be said.
            age_s = max(0.0, time.time() - message.published_at)
            self._metrics.fan_out.observe_latency(age_s)

    def _missed(self, reason: str, lost: LayerLink | None) -> None:
        count = self._close_sockets(list(self._rooms.values()))
        logger.error(
            "The channel layer failed (%s). Messages may have been missed, so %d sockets are "
            "closed with 1012",
            reason,
            count,
        )
        self._rooms.join_anew()
        if lost is not None:
            self._rooms.clean_up_after(lost)

    def _inbox_missed(self, gap: InboxGap) -> None:
        """The rooms stay in their groups, for the gap is behind them; and bound, if they are."""
        inbox, of = gap.inbox, self._config.inbox_of
        rooms = [room for room in self._rooms.values() if of(room.name) == inbox]
        if gap.is_unbound and self._rooms.binder is not None:
            self._rooms.binder.bind_anew([room.name for room in rooms])
        logger.error(
            "%s has lost messages before they were relayed, so %d sockets are closed with 1012",
            inbox,
            self._close_sockets(rooms),
        )

    def _close_sockets(self, rooms: list[LiveRoom]) -> int:
        closed = 0
        for room in rooms:
            for socket in self._rooms.take_sockets(room):
                socket.close(CloseCode.SERVICE_RESTART)
                closed += 1
        return closed
