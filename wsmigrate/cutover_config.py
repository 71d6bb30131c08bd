"""What ``wsmigrate.toml`` says of the cutover: the tables ``[project]`` and ``[cutover]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from wsmigrate.errors import ConfigError
from wsmigrate.rungs import DEFAULT_PERCENTAGES, Rung, ladder

Argv = tuple[str, ...]

_HOOKS = ("open_door", "close_door", "start_bridge", "stop_bridge")


@dataclass(frozen=True)
class CutoverConfig:
    """The plan of a cutover. Times are in seconds.

    The four hooks are programs with their arguments, run without a shell; empty where a person, or
    something else, does it: then it is only seen to.
    """

    settings: str | None = None
    percentages: tuple[int, ...] = DEFAULT_PERCENTAGES
    open_door: Argv = ()
    close_door: Argv = ()
    start_bridge: Argv = ()
    stop_bridge: Argv = ()
    processes_within_s: float = 60.0
    """How long a step waits for publishers and servers to apply a change."""
    relayed_within_s: float = 120.0
    """How long it waits for what is in the inboxes to be relayed."""
    hook_within_s: float = 60.0

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The ladder."""
        return ladder(self.percentages)


def cutover_config(document: Mapping[str, Any]) -> CutoverConfig:
    """The configuration in a parsed ``wsmigrate.toml``; other tables are other parts'. Raises
    ConfigError, which names the key."""
    project = _table(document, "project", {"settings"})
    known = {entry.name for entry in fields(CutoverConfig)} - {"settings"}
    cutover = _table(document, "cutover", known)
    values: dict[str, Any] = {}
    if "settings" in project:
        values["settings"] = _text("project.settings", project["settings"])
    for key, value in cutover.items():
        name = f"cutover.{key}"
        if key == "percentages":
            values[key] = _percentages(name, value)
        elif key in _HOOKS:
            values[key] = _argv(name, value)
        else:
            values[key] = _seconds(name, value)
    config = CutoverConfig(**values)
    ladder(config.percentages)
    return config


def _table(document: Mapping[str, Any], name: str, known: set[str]) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"{name!r} in wsmigrate.toml has to be a table: [{name}].")
    unknown = sorted(set(table) - known)
    if unknown:
        raise ConfigError(
            f"[{name}] in wsmigrate.toml has keys that are not known: {', '.join(unknown)}.",
            remedy=f"Known are {', '.join(sorted(known))}.",
        )
    return table


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(name, "a text that is not empty")
    return value


def _percentages(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise _wrong(name, "a list of whole numbers, as [1, 10, 50, 100]")
    return tuple(value)


def _argv(name: str, value: Any) -> Argv:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _wrong(name, 'a list of words, as ["systemctl", "start", "wsmigrate-bridge"]')
    return tuple(value)


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 86400:
        raise _wrong(name, "a number of seconds above 0")
    return float(value)


def _wrong(name: str, expected: str) -> ConfigError:
    return ConfigError(f"{name} in wsmigrate.toml has to be {expected}.")
