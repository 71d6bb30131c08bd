"""What is measured: rooms, load and times for each room size. The same for every server."""

from __future__ import annotations

from dataclasses import dataclass

ROOM_SIZES = (1, 10, 100, 1000)
"""Sockets in a room."""


@dataclass(frozen=True)
class Load:
    """The load on rooms of one size.

    ``senders`` publish at once; ``window`` messages at most are on their way. The paced rate is
    below the saturation of the slowest server, so that latencies of all can be compared.
    """

    room_size: int
    rooms: int
    senders: int
    window: int
    paced_per_s: float

    @property
    def sockets(self) -> int:
        return self.rooms * self.room_size


@dataclass(frozen=True)
class Times:
    """How long things take, in seconds. ``drain_s``: how long nothing may arrive before what is
    missing counts as lost."""

    settle_s: float
    saturated_s: float
    paced_s: float
    drain_s: float = 10.0


FULL = Times(settle_s=2.0, saturated_s=6.0, paced_s=8.0)
QUICK = Times(settle_s=0.3, saturated_s=1.0, paced_s=1.0, drain_s=8.0)

SAMPLE = 16
"""Sockets of a row whose frames are looked at one by one."""

_LOADS = (
    Load(1, rooms=64, senders=64, window=256, paced_per_s=100),
    Load(10, rooms=16, senders=64, window=256, paced_per_s=50),
    Load(100, rooms=4, senders=16, window=64, paced_per_s=10),
    Load(1000, rooms=1, senders=4, window=16, paced_per_s=1),
)


def load_of_room_size(size: int) -> Load:
    """The load on rooms of one of ROOM_SIZES."""
    return next(load for load in _LOADS if load.room_size == size)


def rooms_of_load(load: Load, prefix: str) -> list[str]:
    """The names of its rooms."""
    return [f"{prefix}-{number}" for number in range(load.rooms)]
