"""A site as it really is in the middle of a cutover, process by process, and the paths from its
publishers to its clients. Commands may take effect in part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from wsmigrate.config import NotifyBackend
from wsmigrate.facts import (
    BindRooms,
    CloseDoor,
    Command,
    MoveSockets,
    OpenDoor,
    PassBarrier,
    PublishTo,
    RouteRooms,
    StartBridge,
    StopBridge,
    UnbindRooms,
)
from wsmigrate.sides import Side

Takes = Callable[[], bool]
"""Says of the next process, room or socket whether a command that fails half way reached it."""

PUBLISHERS = 3
SERVERS = 2
ROOMS = 4


@dataclass
class Site:
    """``held``: published to ``channels`` while the barrier is outstanding, so held by servers."""

    door: bool = False
    bridge: bool = False
    publishers: list[NotifyBackend] = field(
        default_factory=lambda: [NotifyBackend.RABBITMQ] * PUBLISHERS
    )
    bound: list[bool] = field(default_factory=lambda: [True] * SERVERS)
    routed_to: list[Side] = field(default_factory=lambda: [Side.LEGACY] * ROOMS)
    sockets: list[set[Side]] = field(default_factory=lambda: [{Side.LEGACY} for _ in range(ROOMS)])
    held: bool = False

    def do(self, command: Command, takes: Takes) -> None:
        """Have a command take effect wherever ``takes`` says so."""
        if isinstance(command, (OpenDoor, CloseDoor)) and takes():
            self.door = isinstance(command, OpenDoor)
        elif isinstance(command, (StartBridge, StopBridge)) and takes():
            self.bridge = isinstance(command, StartBridge)
        elif isinstance(command, RouteRooms):
            self._route(command.percent, takes)
        elif isinstance(command, MoveSockets):
            self._move(command.away_from, takes)
        elif isinstance(command, (BindRooms, UnbindRooms)):
            wanted = isinstance(command, BindRooms)
            self.bound = [wanted if takes() else bound for bound in self.bound]
        elif isinstance(command, PublishTo):
            self._publish_to(command.backend, takes)
        elif isinstance(command, PassBarrier) and takes():
            assert self.bridge, "a marker would not come out"
            assert all(self.bound), "a marker would pass by rooms that are not bound"
            self.held = False

    def clients_come_and_go(self) -> None:
        """Somebody connects to every room, to wherever the front door sends him."""
        for routed_to, sockets in zip(self.routed_to, self.sockets):
            sockets.add(routed_to if self.door else Side.LEGACY)

    def rooms_without_a_path(self) -> list[str]:
        """Each room, side and backend of a publisher from which a client gets nothing."""
        missing = []
        for room, sockets in enumerate(self.sockets):
            for side in sorted(sockets):
                # One that has lost its lease publishes to both.
                for backend in {*self.publishers, NotifyBackend.BOTH}:
                    if not all(self._reaches(backend, side, bound) for bound in self.bound):
                        missing.append(f"room {room} on {side.value} from {backend.value}")
        return missing

    def _reaches(self, backend: NotifyBackend, side: Side, bound: bool) -> bool:
        if side is Side.LEGACY:
            return backend.uses_rabbitmq
        relayed = backend.uses_rabbitmq and bound and self.bridge
        # A server that is bound waits for the copy by RabbitMQ.
        direct = backend is NotifyBackend.CHANNELS or (backend is NotifyBackend.BOTH and not bound)
        return relayed or direct

    def _route(self, percent: int, takes: Takes) -> None:
        assert self.door or percent == 0, "there is no front door"
        for room in range(ROOMS):
            to_channels = (room + 1) * 100 // ROOMS <= percent
            if takes():
                self.routed_to[room] = Side.CHANNELS if to_channels else Side.LEGACY

    def _move(self, side: Side, takes: Takes) -> None:
        for room, routed_to in enumerate(self.routed_to):
            if routed_to is not side and takes():
                self.sockets[room].discard(side)
                self.sockets[room].add(routed_to)

    def _publish_to(self, backend: NotifyBackend, takes: Takes) -> None:
        jump = {NotifyBackend.RABBITMQ, NotifyBackend.CHANNELS}
        assert not (backend is not NotifyBackend.BOTH and {*self.publishers, backend} >= jump), (
            "rabbitmq <-> channels in one jump"
        )
        if backend is NotifyBackend.BOTH and NotifyBackend.CHANNELS in self.publishers:
            assert not self.held, "relayed messages would overtake those that are held"
        if backend is NotifyBackend.CHANNELS:
            self.held = True
        self.publishers = [backend if takes() else before for before in self.publishers]
