"""How much the demo does: the options, checked, and what they come to, room by room."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from wsmigrate.errors import ConfigError

DOOR_CLIENTS_PER_ROOM: Final = 2
DOOR_LADDER: Final = (0, 50, 100)
"""Percent of the rooms that the front door sends to the new server, step by step."""

MAX_MESSAGES: Final = 100_000
MAX_CLIENTS: Final = 500
MAX_ROOMS: Final = 100


class Sabotage(str, enum.Enum):
    """A way to break the relay on purpose."""

    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    ALTER = "alter"


_MESSAGES_TO_REORDER: Final = 10  # in a room: some of them between two moves of the door


@dataclass(frozen=True)
class DemoOptions:
    """The load: messages in all, clients on each server, rooms, and the seed of the texts.

    Raises ConfigError for what cannot be, in the words of the command line.
    """

    messages: int = 500
    clients: int = 20
    rooms: int = 5
    seed: int = 1
    sabotage: Sabotage | None = None

    def __post_init__(self) -> None:
        limits = {"messages": MAX_MESSAGES, "clients": MAX_CLIENTS, "rooms": MAX_ROOMS}
        for name, limit in limits.items():
            value = getattr(self, name)
            if not 1 <= value <= limit:
                raise ConfigError(f"--{name} is {value}, and has to be 1 to {limit:,}.")
        for name, purpose in (("clients", "listens"), ("messages", "has something to hear")):
            value = getattr(self, name)
            if value < self.rooms:
                raise ConfigError(
                    f"--{name} is {value}, and has to be at least the number of rooms"
                    f" ({self.rooms}), so that somebody {purpose} in each."
                )
        needed = _MESSAGES_TO_REORDER * self.rooms
        if self.sabotage is Sabotage.REORDER and self.messages < needed:
            raise ConfigError(
                f"--sabotage reorder needs --messages {needed} or more for {self.rooms} rooms, so "
                "that messages follow one another closely."
            )


@dataclass(frozen=True)
class Phase:
    """A stretch of the load. ``moving``: the front door moves to ``percent`` meanwhile, and no two
    texts of a room are equal, so that a client with two sockets can tell which frames it has twice.
    """

    percent: int
    moving: bool
    share: int  # of the messages, in percent


PHASES: Final = (
    Phase(DOOR_LADDER[0], moving=False, share=30),
    Phase(DOOR_LADDER[1], moving=True, share=15),
    Phase(DOOR_LADDER[1], moving=False, share=20),
    Phase(DOOR_LADDER[2], moving=True, share=15),
    Phase(DOOR_LADDER[2], moving=False, share=20),
)


def messages_of_rooms(messages: int, rooms: int) -> list[int]:
    """How many messages each room gets: as even as can be."""
    return [messages // rooms + (room < messages % rooms) for room in range(rooms)]


def messages_of_phases(messages: int) -> list[int]:
    """How many of a room's messages fall into each of PHASES. They add up to ``messages``."""
    shares = [0]
    for phase in PHASES:
        shares.append(shares[-1] + phase.share)
    ends = [round(messages * share / 100) for share in shares]
    return [end - begin for begin, end in pairwise(ends)]
