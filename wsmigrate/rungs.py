"""The ladder of a cutover: its stages, the rungs within them, and what leads to each."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from wsmigrate.config import NotifyBackend
from wsmigrate.errors import ConfigError, RefusedError
from wsmigrate.facts import (
    BindRooms,
    CloseDoor,
    Command,
    Facts,
    MoveSockets,
    OpenDoor,
    PassBarrier,
    PublishTo,
    RemoveExchanges,
    RouteRooms,
    Sockets,
    StartBridge,
    StopBridge,
    UnbindRooms,
    after,
)
from wsmigrate.sides import Side

DEFAULT_PERCENTAGES = (1, 5, 25, 50, 100)

_BACKENDS = tuple(NotifyBackend)


class Stage(str, enum.Enum):
    """Where the cutover stands (DESIGN, section 6)."""

    LEGACY = "legacy"
    DOOR = "door"
    SHADOW = "shadow"
    CANARY = "canary"
    DRAIN = "drain"
    DIRECT = "direct"
    RETIRED = "retired"


_STAGES = tuple(Stage)
_BEFORE_SHADOW = frozenset({Stage.LEGACY, Stage.DOOR})

Possible = tuple[Facts, ...]
"""What may be so: one only, unless a command that was begun was not heard of again."""


@dataclass(frozen=True)
class Rung:
    """A place to rest at. ``canary`` has one for each percentage, ``direct`` one for ``both`` and
    one for ``channels``, so that both copies can be looked at before one is given up. Beside the
    ladder there are those with another backend than their stage has (see stages.Switch)."""

    stage: Stage
    percent: int = 0
    backend: NotifyBackend = NotifyBackend.RABBITMQ

    @property
    def name(self) -> str:
        """As people write it: ``canary 25``, ``direct both``."""
        words = [self.stage.value]
        if self.stage is Stage.CANARY:
            words.append(str(self.percent))
        if self.stage is Stage.DIRECT or self.backend is not _usual_backend(self.stage):
            words.append(self.backend.value)
        return " ".join(words)

    def is_below(self, other: Rung) -> bool:
        """Whether it is earlier on a ladder."""
        return self._place < other._place

    @property
    def _place(self) -> tuple[int, int, int]:
        return (_STAGES.index(self.stage), self.percent, _BACKENDS.index(self.backend))


def _usual_backend(stage: Stage) -> NotifyBackend:
    above = stage in {Stage.DIRECT, Stage.RETIRED}
    return NotifyBackend.CHANNELS if above else NotifyBackend.RABBITMQ


def with_backend(rung: Rung, backend: NotifyBackend) -> Rung:
    """The rung that differs in the backend alone: of the ladder where it has one."""
    if rung.stage not in {Stage.DRAIN, Stage.DIRECT, Stage.RETIRED}:
        return replace(rung, backend=backend)
    stage = Stage.DRAIN if backend is NotifyBackend.RABBITMQ else Stage.DIRECT
    return Rung(stage, 100, backend)


def ladder(percentages: Sequence[int] = DEFAULT_PERCENTAGES) -> tuple[Rung, ...]:
    """All rungs, from the bottom. Raises ConfigError unless the percentages rise from 1 to 100."""
    rising = all(low < high for low, high in zip(percentages, percentages[1:]))
    if not percentages or not rising or percentages[0] < 1 or percentages[-1] > 100:
        raise ConfigError(
            f"The percentages of the canary are {list(percentages)}, and have to rise within 1 to "
            "100."
        )
    low = (Rung(Stage.LEGACY), Rung(Stage.DOOR), Rung(Stage.SHADOW))
    canary = tuple(Rung(Stage.CANARY, percent) for percent in percentages)
    high = (
        Rung(Stage.DRAIN, 100),
        Rung(Stage.DIRECT, 100, NotifyBackend.BOTH),
        Rung(Stage.DIRECT, 100, NotifyBackend.CHANNELS),
        Rung(Stage.RETIRED, 100, NotifyBackend.CHANNELS),
    )
    return low + canary + high


def rung_named(name: str, rungs: Sequence[Rung], below: Rung) -> Rung:
    """The rung that a person means, for going back from ``below``: a name, or a stage, of which the
    highest rung is taken that is earlier. Raises RefusedError."""
    wanted = " ".join(name.replace("-", " ").split()).lower()
    earlier = [rung for rung in rungs if rung.is_below(below)]
    for rung in reversed(earlier):
        if wanted in {rung.name, rung.stage.value}:
            return rung
    known = any(wanted in {rung.name, rung.stage.value} for rung in rungs)
    names = ", ".join(rung.name for rung in earlier) or "none"
    raise RefusedError(
        f"{name!r} is not earlier than {below.name}."
        if known
        else f"There is no stage {name!r} in this plan.",
        then="Nothing was changed.",
        remedy=f"One can go back to: {names}.",
    )


def next_command(facts: Facts, rung: Rung) -> Command | None:
    """What has to be done next on the way to a rung, from wherever one is; None if it is reached.

    First everything that goes down, from the top (publishers before rooms, rooms before the
    bridge), then everything that goes up, from the bottom: so that each client's room has a path
    from every publisher before and after each command.
    """
    return _down(facts, rung) or _up(facts, rung)


def plan(possible: Possible, rung: Rung) -> tuple[Command, ...]:
    """All commands that lead to a rung, in order, whichever of the possible facts are true.

    Always the next one from whatever is farthest from the rung: so what is in doubt is set again.
    """
    commands: list[Command] = []
    while (command := next_command(_farthest(possible, rung), rung)) is not None:
        commands.append(command)
        possible = all_after(possible, command)
    return tuple(commands)


def all_after(possible: Possible, command: Command) -> Possible:
    """What may be so once a command is done."""
    return _distinct(after(facts, command) for facts in possible)


def in_doubt(possible: Possible, command: Command) -> Possible:
    """What may be so when a command was begun, and may have taken effect, or in part."""
    return _distinct((*possible, *all_after(possible, command)))


def settled(possible: Possible) -> Possible:
    """What is so at a rung, where nothing is in doubt but whose sockets are open: the worst."""
    return (
        replace(
            possible[0],
            legacy=max(facts.legacy for facts in possible),
            channels=max(facts.channels for facts in possible),
            exchanges=any(facts.exchanges for facts in possible),
        ),
    )


def _distinct(facts: Iterable[Facts]) -> Possible:
    return tuple(dict.fromkeys(facts))


def _farthest(possible: Possible, rung: Rung) -> Facts:
    return max(possible, key=lambda facts: _distance(facts, rung))


def _distance(facts: Facts, rung: Rung) -> int:
    distance = 0
    while (command := next_command(facts, rung)) is not None:
        facts = after(facts, command)
        distance += 1
    return distance


def _down(facts: Facts, rung: Rung) -> Command | None:
    if _BACKENDS.index(facts.backend) > _BACKENDS.index(rung.backend):
        return _publishers_down(facts)
    if facts.percent > rung.percent:
        return RouteRooms(rung.percent)
    if facts.channels is Sockets.ASTRAY:
        return MoveSockets(Side.CHANNELS)
    if facts.bridge and rung.stage in _BEFORE_SHADOW and not rung.backend.uses_layer:
        return StopBridge()
    if facts.door and rung.stage is Stage.LEGACY:
        return CloseDoor()
    return None


def _publishers_down(facts: Facts) -> Command:
    if not facts.bridge:
        return StartBridge()
    if not facts.settled:
        return PassBarrier()
    if not facts.bound:
        return BindRooms()
    return PublishTo(_BACKENDS[_BACKENDS.index(facts.backend) - 1])


def _up(facts: Facts, rung: Rung) -> Command | None:
    if not facts.door and rung.stage is not Stage.LEGACY:
        return OpenDoor()
    if not facts.bridge and _needs_bridge(facts, rung):
        return StartBridge()
    if facts.percent < rung.percent:
        return RouteRooms(rung.percent)
    if facts.legacy and _STAGES.index(rung.stage) >= _STAGES.index(Stage.DRAIN):
        return MoveSockets(Side.LEGACY)
    if _BACKENDS.index(facts.backend) < _BACKENDS.index(rung.backend):
        return PublishTo(_BACKENDS[_BACKENDS.index(facts.backend) + 1])
    return _given_up(facts, rung)


def _needs_bridge(facts: Facts, rung: Rung) -> bool:
    if rung.stage is Stage.RETIRED:
        return facts.backend is not NotifyBackend.CHANNELS or not facts.settled
    return rung.stage not in _BEFORE_SHADOW or rung.backend.uses_layer


def _given_up(facts: Facts, rung: Rung) -> Command | None:
    if facts.backend is not NotifyBackend.CHANNELS:
        return None
    if not facts.settled:
        return PassBarrier()
    if facts.bound:
        return UnbindRooms()
    if rung.stage is Stage.RETIRED:
        if facts.bridge:
            return StopBridge()
        if facts.exchanges:
            return RemoveExchanges()
    return None
