"""Several doors as one front door: they are told one after the other, and read as a sum."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from migrate_cli.routers.port import (
    Closed,
    DoorShare,
    Health,
    RouterError,
    Sessions,
    Share,
    SideHealth,
    SideState,
    Traffic,
)
from wsmigrate.errors import ConfigError
from wsmigrate.sides import Side

T = TypeVar("T", int, float)


class Door(Protocol):
    """One load balancer. The promises are those of ``Router``, for this door alone."""

    @property
    def name(self) -> str:
        """Unlike that of any other door."""
        ...

    def read_share(self) -> DoorShare:
        """What the running door has, and what it would have after a restart."""
        ...

    def change_share(self, percent: float) -> DoorShare:
        """Set, persist, read back; RouterError where what is read differs."""
        ...

    def persist(self) -> DoorShare:
        """Write down what the running door has."""
        ...

    def sessions(self) -> Sessions:
        """Open connections per server."""
        ...

    def health(self) -> Health:
        """What its checks say."""
        ...

    def traffic(self, side: Side) -> Traffic:
        """Its counters of one server."""
        ...

    def close_sessions(self, side: Side, most: int) -> int:
        """End at most ``most`` sessions of a server, the oldest first; how many were ended."""
        ...


class FrontDoor:
    """The ``Router`` over one or several doors of one kind."""

    def __init__(self, doors: Sequence[Door]) -> None:
        if not doors:
            raise ConfigError("A front door has to have at least one door.")
        names = [door.name for door in doors]
        if len(set(names)) != len(names):
            raise ConfigError(f"A door is named twice: {', '.join(sorted(names))}.")
        self._doors = tuple(doors)

    @property
    def name(self) -> str:
        """The names of all doors."""
        return ", ".join(door.name for door in self._doors)

    @property
    def doors(self) -> tuple[Door, ...]:
        """Each of them."""
        return self._doors

    def share(self) -> Share:
        """See Router."""
        return Share({door.name: door.read_share() for door in self._doors})

    def set_share(self, percent: int) -> Share:
        """See Router."""
        checked_percent(percent)
        before = self.share()  # nothing is touched unless every door answers
        told: list[Door] = []
        after: dict[str, DoorShare] = {}
        for door in self._doors:
            try:
                after[door.name] = door.change_share(percent)
            except RouterError as error:
                # The one that failed may have taken half of it.
                raise self._set_back([*told, door], before, error) from error
            told.append(door)
        return Share(after)

    def persist(self) -> Share:
        """See Router."""
        return Share({door.name: door.persist() for door in self._doors})

    def sessions(self) -> Sessions:
        """See Router."""
        found = [door.sessions() for door in self._doors]
        return Sessions(sum(one.legacy for one in found), sum(one.channels for one in found))

    def health(self) -> Health:
        """See Router."""
        found = [(door.name, door.health()) for door in self._doors]
        return Health(
            *(joined_health((name, one.of(side)) for name, one in found) for side in Side)
        )

    def traffic(self, side: Side) -> Traffic:
        """See Router."""
        found = [door.traffic(side) for door in self._doors]
        return Traffic(
            connects=_whole([one.connects for one in found], sum),
            errors=_whole([one.errors for one in found], sum),
            response_ms=_whole([one.response_ms for one in found], max),
            answered=_whole([one.answered for one in found], sum),
        )

    def close_sessions(self, side: Side, most: int) -> Closed:
        """See Router."""
        closed = 0
        for position, door in enumerate(self._doors):
            # What one door has not, the next ones may have.
            doors_left = len(self._doors) - position
            allotted = -((closed - most) // doors_left) if closed < most else 0
            closed += door.close_sessions(side, allotted) if allotted > 0 else 0
        if closed < most and len(self._doors) > 1:
            for door in self._doors:
                closed += door.close_sessions(side, most - closed) if closed < most else 0
        return Closed(closed, self.sessions().of(side))

    def _set_back(self, doors: Sequence[Door], before: Share, error: RouterError) -> RouterError:
        stuck = []
        for door in doors:
            try:
                door.change_share(before.doors[door.name].percent)
            except RouterError:
                stuck.append(door.name)
        then = (
            f"What {', '.join(stuck)} has now is not known; the other doors are as they were."
            if stuck
            else "Every door has the share that it had before."
        )
        return RouterError(error.door, error.what, then=then, remedy=error.remedy)


def checked_percent(percent: float) -> None:
    """Raise ConfigError for a share that cannot be."""
    if not 0 <= percent <= 100:
        raise ConfigError(
            f"{percent:g} % of the rooms cannot go to the new server: it is 0 to 100."
        )


def joined_health(found: Iterable[tuple[str, SideHealth]]) -> SideHealth:
    """The health of a side as several see it: what they agree on, else MIXED."""
    named = list(found)
    states = {one.state for _, one in named}
    details = {one.detail for _, one in named}
    if len(states) == 1 and len(details) == 1:
        return named[0][1]
    detail = "; ".join(f"{name}: {one.state.value} {one.detail}".rstrip() for name, one in named)
    return SideHealth(states.pop() if len(states) == 1 else SideState.MIXED, detail)


def _whole(values: Sequence[T | None], join: Callable[[list[T]], T]) -> T | None:
    known = [value for value in values if value is not None]
    return join(known) if len(known) == len(values) else None
