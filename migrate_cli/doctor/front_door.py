"""Whether the front door can be told things, and what it thinks of the servers."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.doctor.context import Context
from migrate_cli.routers.doors import FrontDoor
from migrate_cli.routers.port import RouterError, SideState
from migrate_cli.routers.settings import TABLE, front_door_of
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.sides import Side

CHECK = "front door control"


def check(context: Context) -> Iterator[Finding]:
    """Read its share and its health. Nothing is changed."""
    if TABLE not in context.document:
        what = f"There is no [{TABLE}] in wsmigrate.toml."
        yield Finding(CHECK, Level.SKIPPED, what, "See docs/front-door.md.")
        return
    door = front_door_of(context.table(TABLE))
    try:
        share = door.share()
        yield from _of_health(door)
    except RouterError as error:
        remedy = error.remedy or "Start it, or correct [front_door]; it is needed from `door` on."
        yield Finding(CHECK, Level.MEND, error.what, remedy)
        return
    if share.percent is None:
        what = "The doors send different shares of the rooms to the new server."
        yield Finding(CHECK, Level.MEND, what, "wsmigrate route set PERCENT --execute")
    elif not share.is_persisted:
        what = "After a restart the front door may have another share than now."
        yield Finding(CHECK, Level.ADVICE, what, "See `wsmigrate route show`.")
    else:
        what = f"{door.name} answers, and sends {share.percent:g} % to the new server."
        yield Finding(CHECK, Level.GOOD, what)


def _of_health(door: FrontDoor) -> Iterator[Finding]:
    health = door.health()
    for side, name in ((Side.LEGACY, "old"), (Side.CHANNELS, "new")):
        found = health.of(side)
        if found.state in {SideState.DOWN, SideState.MIXED}:
            what = f"For the front door the {name} server is {found.state.value} {found.detail}"
            yield Finding(CHECK, Level.MEND, f"{what.rstrip()}.", "Start it; see its address.")
