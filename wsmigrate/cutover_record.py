"""The state of the stage machine as it is written down between two commands, and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from wsmigrate.command_texts import command_of_record, record_of_command
from wsmigrate.config import NotifyBackend
from wsmigrate.errors import ConfigError
from wsmigrate.facts import Facts, Sockets
from wsmigrate.rungs import Rung, Stage
from wsmigrate.stages import Heading, State

FORMAT = 1
"""Rises when an older version could not go on with what a newer one has written."""

_FACTS: Mapping[str, type[Any]] = {
    "legacy": Sockets,
    "channels": Sockets,
    "backend": NotifyBackend,
    "percent": int,
}


def record_of_state(state: State) -> dict[str, Any]:
    """The state as JSON can say it."""
    return {
        "format": FORMAT,
        "rungs": [_record_of_rung(rung) for rung in state.rungs],
        "rung": _record_of_rung(state.rung),
        "goal": None if state.goal is None else _record_of_rung(state.goal),
        "heading": None if state.heading is None else state.heading.value,
        "possible": [_record_of_facts(facts) for facts in state.possible],
        "doing": None if state.doing is None else record_of_command(state.doing),
        "paused": state.paused,
    }


def state_of_record(record: Mapping[str, Any], rungs: tuple[Rung, ...]) -> State:
    """The reverse; an empty record is a cutover that has not begun, on the ladder ``rungs``.

    Keys that are not known are passed over. Raises ConfigError for a newer format.
    """
    if not record:
        return State(rungs, rungs[0])
    found = record.get("format")
    if not isinstance(found, int) or found > FORMAT:
        raise ConfigError(
            f"The state of the cutover was written in format {found}, and this version of "
            f"wsmigrate knows formats up to {FORMAT}.",
            then="Nothing was changed.",
            remedy="Use the version that wrote it, or a newer one.",
        )
    doing, goal, heading = record.get("doing"), record.get("goal"), record.get("heading")
    return State(
        rungs=tuple(map(_rung_of_record, record["rungs"])),
        rung=_rung_of_record(record["rung"]),
        goal=None if goal is None else _rung_of_record(goal),
        heading=None if heading is None else Heading(heading),
        possible=tuple(map(_facts_of_record, record["possible"])),
        doing=None if doing is None else command_of_record(doing),
        paused=bool(record.get("paused")),
    )


def _record_of_rung(rung: Rung) -> dict[str, Any]:
    return {"stage": rung.stage.value, "percent": rung.percent, "backend": rung.backend.value}


def _rung_of_record(record: Mapping[str, Any]) -> Rung:
    backend = NotifyBackend(record["backend"])
    return Rung(Stage(record["stage"]), int(record["percent"]), backend)


def _record_of_facts(facts: Facts) -> dict[str, Any]:
    values = {field.name: getattr(facts, field.name) for field in fields(facts)}
    return {
        key: value.value if isinstance(value, (Sockets, NotifyBackend)) else value
        for key, value in values.items()
    }


def _facts_of_record(record: Mapping[str, Any]) -> Facts:
    known = {field.name for field in fields(Facts)}
    return Facts(
        **{key: _FACTS.get(key, bool)(value) for key, value in record.items() if key in known}
    )
