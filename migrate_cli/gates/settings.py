"""How a site's gates are asked: ``[gates]`` of ``wsmigrate.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from migrate_cli.gates.command_gate import CommandGate
from migrate_cli.gates.prometheus_gate import QueryGate
from migrate_cli.gates.table_values import Values
from wsmigrate.errors import ConfigError
from wsmigrate.gates.built_in import checked_names
from wsmigrate.gates.thresholds import Thresholds, thresholds_of

TABLE = "gates"
HEADERS_VARIABLE = "WSMIGRATE_GATES_HEADERS"
"""Headers of the handshakes, one a line, as ``Cookie: …``: never in the file."""


@dataclass(frozen=True)
class GateSettings:
    """Times are in seconds. ``channels_url`` is the new server itself, not the front door;
    ``legacy_url`` the old one, where a client that leaves does it no harm (else its side is heard
    at the broker). ``rooms`` of the site are watched, and ``most_rooms`` in all."""

    window_s: float = 30.0
    channels_url: str = ""
    legacy_url: str = ""
    rooms: tuple[str, ...] = ()
    most_rooms: int = 20
    synthetic: bool = True
    per_second: float = 2.0
    origin: str = ""
    ca: Path | None = None
    rules: Path | None = None
    off: frozenset[str] = frozenset()
    prometheus: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)
    queries: tuple[QueryGate, ...] = ()
    commands: tuple[CommandGate, ...] = ()
    headers: tuple[str, ...] = field(default=(), repr=False)


def gate_settings_of(document: Mapping[str, Any]) -> GateSettings:
    """The settings of a parsed ``wsmigrate.toml``, and the headers of the environment. Raises
    ConfigError, which names the key."""
    known = {entry.name for entry in fields(GateSettings)} - {"headers"}
    values = Values(TABLE, document.get(TABLE, {}), known)
    prometheus = values.url("prometheus", ("http", "https"))
    return GateSettings(
        window_s=values.number("window_s", 30.0, most=3600),
        channels_url=values.url("channels_url", ("ws", "wss")),
        legacy_url=values.url("legacy_url", ("ws", "wss")),
        rooms=values.texts("rooms"),
        most_rooms=int(values.number("most_rooms", 20, most=1000)),
        synthetic=values.flag("synthetic", True),
        per_second=values.number("per_second", 2.0, most=100),
        origin=values.text("origin"),
        ca=values.path("ca"),
        rules=values.path("rules"),
        off=checked_names(values.texts("off")),
        prometheus=prometheus,
        thresholds=thresholds_of(values.table("thresholds")),
        queries=tuple(QueryGate.of(one, prometheus) for one in _tables(values, "queries")),
        commands=tuple(CommandGate.of(one) for one in _tables(values, "commands")),
        headers=_headers(),
    )


def _tables(values: Values, key: str) -> list[Mapping[str, Any]]:
    found = values.tables(key)
    names = [one.get("name") for one in found]
    if len(set(map(repr, names))) != len(names):
        raise ConfigError(f"[[{TABLE}.{key}]] in wsmigrate.toml has a name twice.")
    return found


def _headers() -> tuple[str, ...]:
    lines = os.environ.get(HEADERS_VARIABLE, "").splitlines()
    return tuple(line.strip() for line in lines if line.strip())
