"""What is so on a site in the middle of a cutover, and the commands that change one fact each."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Union

from wsmigrate.config import NotifyBackend
from wsmigrate.sides import Side


class Sockets(enum.IntEnum):
    """What open sockets a server has, from none to worst."""

    NONE = 0
    PLACED = 1
    """All of them are of rooms that the front door sends there."""
    ASTRAY = 2
    """Some are of rooms that the front door by now sends to the other server."""


@dataclass(frozen=True)
class Facts:
    """How messages get to clients at present.

    ``door``: clients come by the front door, and not straight to the old server. ``percent`` of the
    rooms go to the new server. ``bound``: the new server's processes bind their live rooms in
    RabbitMQ. ``settled``: no barrier is outstanding, that is, what was published to ``both`` has
    come out of the inboxes. ``exchanges``: those of rooms may still be in the broker.
    """

    door: bool = False
    bridge: bool = False
    percent: int = 0
    legacy: Sockets = Sockets.PLACED
    channels: Sockets = Sockets.NONE
    bound: bool = True
    backend: NotifyBackend = NotifyBackend.RABBITMQ
    settled: bool = True
    exchanges: bool = True


@dataclass(frozen=True)
class OpenDoor:
    """The front door takes over the port that browsers connect to."""


@dataclass(frozen=True)
class CloseDoor:
    """The old server gets its port back."""


@dataclass(frozen=True)
class StartBridge:
    """Have inboxes relayed, and see that they are."""


@dataclass(frozen=True)
class StopBridge:
    """Once the inboxes are empty, or nobody is there to get what is in them."""


@dataclass(frozen=True)
class RouteRooms:
    """Send so many percent of the rooms to the new server: new clients; open sockets stay."""

    percent: int


@dataclass(frozen=True)
class MoveSockets:
    """Close a server's sockets of rooms that belong to the other one, at a set rate, until none is
    left."""

    away_from: Side


@dataclass(frozen=True)
class BindRooms:
    """Have every process of the new server bind its live rooms, and report it."""


@dataclass(frozen=True)
class UnbindRooms:
    """Have them take the bindings back."""


@dataclass(frozen=True)
class PublishTo:
    """Switch the notify backend, and wait until every live publisher applies it."""

    backend: NotifyBackend


@dataclass(frozen=True)
class PassBarrier:
    """Send a marker through every inbox and wait until every process of the new server has it."""


@dataclass(frozen=True)
class RemoveExchanges:
    """Remove the exchanges that wsmigrate bound and that nothing uses."""


Command = Union[
    OpenDoor,
    CloseDoor,
    StartBridge,
    StopBridge,
    RouteRooms,
    MoveSockets,
    BindRooms,
    UnbindRooms,
    PublishTo,
    PassBarrier,
    RemoveExchanges,
]
"""All are idempotent: done twice they come to the same."""


def after(facts: Facts, command: Command) -> Facts:  # noqa: PLR0911 - one line each
    """What is so once a command is done."""
    if isinstance(command, (OpenDoor, CloseDoor)):
        return replace(facts, door=isinstance(command, OpenDoor))
    if isinstance(command, (StartBridge, StopBridge)):
        return replace(facts, bridge=isinstance(command, StartBridge))
    if isinstance(command, RouteRooms):
        return _routed(facts, command.percent)
    if isinstance(command, MoveSockets):
        return _moved(facts, command.away_from)
    if isinstance(command, BindRooms):
        return replace(facts, bound=True, exchanges=True)
    if isinstance(command, UnbindRooms):
        return replace(facts, bound=False)
    if isinstance(command, PublishTo):
        to_channels = command.backend is NotifyBackend.CHANNELS
        return replace(
            facts,
            backend=command.backend,
            settled=not to_channels,
            exchanges=facts.exchanges or not to_channels,
        )
    if isinstance(command, PassBarrier):
        return replace(facts, settled=True)
    return replace(facts, exchanges=False)


def _routed(facts: Facts, percent: int) -> Facts:
    legacy, channels = facts.legacy, facts.channels
    if percent > facts.percent:
        legacy = Sockets.ASTRAY if legacy else legacy
        channels = max(channels, Sockets.PLACED)
    elif percent < facts.percent:
        channels = Sockets.ASTRAY if channels else channels
        legacy = max(legacy, Sockets.PLACED) if percent else Sockets.PLACED
    return replace(facts, percent=percent, legacy=legacy, channels=channels)


def _moved(facts: Facts, side: Side) -> Facts:
    if side is Side.LEGACY:
        return replace(facts, legacy=Sockets.NONE if facts.percent == 100 else Sockets.PLACED)
    return replace(facts, channels=Sockets.NONE if facts.percent == 0 else Sockets.PLACED)
