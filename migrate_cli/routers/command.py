"""Any other load balancer as a door, by commands that the operator writes (docs/front-door.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from migrate_cli.routers.commands_run import run_command
from migrate_cli.routers.port import (
    DoorShare,
    Health,
    NotOfferedError,
    RouterError,
    Sessions,
    SideHealth,
    SideState,
    Traffic,
)
from wsmigrate.sides import Side


@dataclass(frozen=True)
class Commands:
    """The words of each command. What they have to print:

    * ``get``: the percentage that the running load balancer has.
    * ``set`` with ``{percent}``: nothing. It returns once new clients follow, and what it has set
      outlives a restart; it may be called again with the same value.
    * ``sessions``: ``{"legacy": 12, "channels": 3}``.
    * ``health``: ``{"legacy": "up", "channels": "down"}``.
    * ``traffic`` with ``{side}``: ``{"connects": 1, "errors": 0, "response_ms": 1.5}``, two counts
      since the door's start, and how long its latest answers took.
    * ``close`` with ``{side}`` and ``{count}``: how many sessions it ended.

    An empty one is not offered. Any exit code but 0 is a failure.
    """

    get: Sequence[str]
    set: Sequence[str]
    sessions: Sequence[str] = ()
    health: Sequence[str] = ()
    traffic: Sequence[str] = ()
    close: Sequence[str] = ()


@dataclass(frozen=True)
class CommandDoor:
    """A load balancer behind commands. ``label`` names it."""

    label: str
    commands: Commands
    timeout_s: float = 60.0
    persists: bool = field(default=True)
    """Whether ``set`` outlives a restart of the load balancer, as far as the operator knows."""

    @property
    def name(self) -> str:
        """See Door."""
        return f"command {self.label}"

    def read_share(self) -> DoorShare:
        """See Door."""
        said = self._run(self.commands.get).strip()
        try:
            percent = float(said.removesuffix("%"))
        except ValueError:
            percent = -1.0
        if not 0 <= percent <= 100:
            raise RouterError(
                self.name,
                f"The command `get` of {self.name} has to print a percentage, and printed "
                f"{said[:80]!r}.",
            )
        return DoorShare(percent, percent if self.persists else None)

    def change_share(self, percent: float) -> DoorShare:
        """See Door."""
        self._run(self.commands.set, percent=f"{percent:g}")
        found = self.read_share()
        if found.percent != percent:
            raise RouterError(
                self.name,
                f"{self.name} was told {percent:g} %, and has {found.percent:g} %.",
                remedy="Have its command `set` wait until the change is applied.",
            )
        return found

    def persist(self) -> DoorShare:
        """See Door. What the running load balancer has is set once more."""
        return self.change_share(self.read_share().percent)

    def sessions(self) -> Sessions:
        """See Door."""
        said = self._said("sessions", self.commands.sessions)
        return Sessions(*(self._count("sessions", said, side.value) for side in Side))

    def health(self) -> Health:
        """See Door."""
        if not self.commands.health:
            unknown = SideHealth(SideState.UNKNOWN, "no command for it")
            return Health(unknown, unknown)
        said = self._said("health", self.commands.health)
        return Health(*(self._state(said.get(side.value)) for side in Side))

    def traffic(self, side: Side) -> Traffic:
        """See Door."""
        if not self.commands.traffic:
            return Traffic(None, None, None)
        said = self._said("traffic", self.commands.traffic, side=side.value)
        values = [said.get(name) for name in ("connects", "errors", "response_ms")]
        connects, errors, response = (
            value if isinstance(value, (int, float)) else None for value in values
        )
        return Traffic(
            None if connects is None else int(connects),
            None if errors is None else int(errors),
            None if response is None else float(response),
        )

    def close_sessions(self, side: Side, most: int) -> int:
        """See Door."""
        if most <= 0:
            return 0
        self._need("close", self.commands.close)
        said = self._run(self.commands.close, side=side.value, count=most).strip()
        if not said.isdigit():
            raise RouterError(
                self.name,
                f"The command `close` of {self.name} has to print how many sessions it ended, and "
                f"printed {said[:80]!r}.",
            )
        return int(said)

    def _state(self, word: object) -> SideHealth:
        known = {state.value: state for state in SideState}
        if word is None:
            return SideHealth(SideState.UNKNOWN, "not told")
        if word not in known:
            raise RouterError(
                self.name, f"The command `health` of {self.name} printed {str(word)[:40]!r}."
            )
        return SideHealth(known[str(word)])

    def _count(self, what: str, said: Mapping[str, Any], name: str) -> int:
        value = said.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise RouterError(
                self.name, f"The command `{what}` of {self.name} has to print a count of {name}."
            )
        return value

    def _said(self, what: str, command: Sequence[str], **values: object) -> Mapping[str, Any]:
        self._need(what, command)
        printed = self._run(command, **values)
        try:
            said = json.loads(printed)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise RouterError(
                self.name,
                f"The command `{what}` of {self.name} has to print a JSON object, and printed "
                f"{printed.strip()[:80]!r}.",
            )
        return said

    def _need(self, what: str, command: Sequence[str]) -> None:
        if not command:
            raise NotOfferedError(
                self.name,
                f"{self.name} has no command `{what}`.",
                then="Nothing was done.",
                remedy=f"Write one, and name it as `{what}` in wsmigrate.toml.",
            )

    def _run(self, command: Sequence[str], **values: object) -> str:
        return run_command(self.name, command, values=values, timeout_s=self.timeout_s)
