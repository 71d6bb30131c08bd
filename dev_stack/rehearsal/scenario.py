"""Scenarios: what goes wrong in a rehearsal, and when. Data of a TOML file (docs/rehearse.md)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dev_stack.rehearsal.toml import Table, read_toml
from wsmigrate.errors import ConfigError
from wsmigrate.rungs import Rung, Stage

FOLDER: Final = Path(__file__).with_name("scenarios")
"""Those that come with wsmigrate."""

EVERY: Final = "every"
OPERATOR: Final = "operator"
PARTS: Final = (
    *("bridge", "channels", "legacy", "haproxy", "postgres", "rabbitmq", "site"),
    "legacy-worker",
)
HOOKS: Final = ("open-door", "close-door", "start-bridge", "stop-bridge")

_FAULT_KEYS = frozenset(
    {"at", "direction", "moment", "command", "after_s", "do", "what", "for_s", "then"}
)
_LIMIT_KEYS = frozenset({"gaps_per_step", "longest_gap_s", "under_way_s"})


class Moment(enum.Enum):
    """When in a step."""

    STEP = "step"
    """So long after its command was called."""
    COMMAND = "command"
    """So long after one of the commands that it comes to was begun, as ``route-rooms``."""
    RESTING = "resting"
    """So long after the step was done, before the next one."""


class Deed(enum.Enum):
    """What goes wrong."""

    KILL = "kill"
    """SIGKILL to a part, which is started again, or to the operator's command."""
    RESTART = "restart"
    """An orderly stop of a part, and a start."""
    FREEZE = "freeze"
    """SIGSTOP to all processes of a part, and SIGCONT after ``for_s`` seconds."""
    END_CONNECTIONS = "end-connections"
    """Every connection to PostgreSQL is ended by it (pg_terminate_backend)."""
    FAIL_HOOK = "fail-hook"
    """A program of the operator's fails, once."""
    FAIL_GATE = "fail-gate"
    """A gate fails when it is asked next, once."""


@dataclass(frozen=True)
class Fault:
    """One fault: where, when and what. Fires once; ``at = "every"``: once in each step, and with
    ``moment = "command"`` once in each command of each step."""

    at: str
    back: bool
    moment: Moment
    deed: Deed
    what: str = ""
    command: str = EVERY
    after_s: float = 0.0
    for_s: float = 3.0
    then: str = "resume"
    """What the operator does who finds a killed command: ``resume`` or ``abort``."""

    def is_at(self, rung: Rung, *, back: bool) -> bool:
        """Whether a step to this rung is meant."""
        return self.back == back and (
            self.at == EVERY or self.at.replace("-", " ") in {rung.name, rung.stage.value}
        )

    @property
    def sentence(self) -> str:
        """What it is, for people."""
        what = f" {self.what}" if self.what else ""
        when = {
            Moment.STEP: f"{self.after_s:g} s into the step",
            Moment.COMMAND: f"{self.after_s:g} s after {self.command} was begun"
            if self.command != EVERY
            else f"{self.after_s:g} s after each command was begun",
            Moment.RESTING: f"{self.after_s:g} s after the step",
        }[self.moment]
        way = "back to" if self.back else "to"
        return f"{self.deed.value}{what}: {when} {way} {self.at}"


@dataclass(frozen=True)
class Limits:
    """What is borne. Without faults: one gap for each client and step, none longer than six
    seconds. What was under way for less than ``under_way_s`` when a socket ended is counted to the
    gap."""

    gaps_per_step: int = 1
    longest_gap_s: float = 6.0
    under_way_s: float = 1.0


@dataclass(frozen=True)
class Scenario:
    """A name, faults, and what is borne because of them."""

    name: str = "nothing goes wrong"
    faults: tuple[Fault, ...] = ()
    limits: Limits = Limits()


def shipped() -> dict[str, Path]:
    """The scenarios that come with wsmigrate, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def scenario_named(name: str) -> Scenario:
    """One that comes with wsmigrate, or that of a file. Raises ConfigError."""
    known = shipped()
    path = known.get(name) or Path(name)
    if name not in known and path.suffix != ".toml":
        raise ConfigError(
            f"There is no scenario {name!r}.",
            remedy=f"Give a TOML file, or one of {', '.join(known)}.",
        )
    return scenario_of(read_toml(path, "scenario"), str(path))


def scenario_of(document: dict[str, Any], place: str) -> Scenario:
    """The scenario of a parsed file. Raises ConfigError."""
    table = Table(document, place, frozenset({"name", "fault", "limits"}))
    limits = Table(table.raw("limits", {}), f"{place}, [limits]", _LIMIT_KEYS)
    faults = table.raw("fault", [])
    if not isinstance(faults, list):
        raise table.wrong("fault", "tables: [[fault]]")
    usual = Limits()
    return Scenario(
        table.text("name", Path(place).stem),
        tuple(
            _fault(Table(values, f"{place}, [[fault]] {number}", _FAULT_KEYS))
            for number, values in enumerate(faults, 1)
        ),
        Limits(
            limits.count("gaps_per_step", usual.gaps_per_step, 1, 100),
            limits.number("longest_gap_s", usual.longest_gap_s, 0.1, 600),
            limits.number("under_way_s", usual.under_way_s, 0, 60),
        ),
    )


def _fault(table: Table) -> Fault:
    deed = Deed(table.choice("do", "", tuple(deed.value for deed in Deed)))
    fault = Fault(
        at=_place(table),
        back=table.choice("direction", "forward", ("forward", "back")) == "back",
        moment=Moment(table.choice("moment", "resting", tuple(one.value for one in Moment))),
        deed=deed,
        what=_what(table, deed),
        command=table.text("command", EVERY),
        after_s=table.number("after_s", 0.0, 0, 600),
        for_s=table.number("for_s", 3.0, 0.1, 600),
        then=table.choice("then", "resume", ("resume", "abort")),
    )
    if "command" in table and fault.moment is not Moment.COMMAND:
        raise table.wrong("command", 'left out, or moment has to be "command"')
    if fault.what == OPERATOR and fault.moment is Moment.RESTING:
        raise table.wrong("moment", '"step" or "command": an operator who rests has no command')
    return fault


def _place(table: Table) -> str:
    place = table.text("at", "").replace("-", " ")
    stage, _, more = place.partition(" ")
    if place != EVERY and stage not in {one.value for one in Stage}:
        raise table.wrong("at", f'"{EVERY}", a stage, or a step of one, as "canary 50"')
    if more and not (more.isdigit() or more in {"both", "channels"}):
        raise table.wrong("at", 'a stage, or a step of one, as "canary 50" or "direct both"')
    return place


def _what(table: Table, deed: Deed) -> str:
    if deed in {Deed.KILL, Deed.RESTART, Deed.FREEZE}:
        parts = PARTS if deed is not Deed.KILL else (*PARTS, OPERATOR)
        return table.choice("what", "", parts)
    if deed is Deed.FAIL_HOOK:
        return table.choice("what", "", HOOKS)
    if "what" in table:
        raise table.wrong("what", f"left out for {deed.value}")
    return ""
