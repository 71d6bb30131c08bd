"""The figures that gates are judged by: ``[gates.thresholds]`` of ``wsmigrate.toml``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from wsmigrate.errors import ConfigError

TABLE = "gates.thresholds"


@dataclass(frozen=True)
class Thresholds:
    """``least_…``: with fewer observations a gate does not know. ``…_share`` is 0 to 1, ``…_s`` are
    seconds. docs/gates.md says what each is for."""

    mismatched: float = 0
    least_frames: float = 50
    lag_s: float = 5.0
    least_relayed: float = 20
    dead_letters: float = 0
    retention_share: float = 0.25
    copies_wrong: float = 0
    least_copies: float = 20
    refused_share: float = 0.01
    error_share: float = 0.01
    drop_share: float = 0.01
    least_connects: float = 10
    latency_factor: float = 2.0
    latency_slack_s: float = 0.1
    least_latencies: float = 100
    policy_share: float = 0.0
    least_clients: float = 20
    connection_share: float = 0.8
    table_bytes: float = 1 << 30
    old_sockets: float = 0


def thresholds_of(table: Any) -> Thresholds:
    """The thresholds of a parsed table; what it leaves out is as usual. Raises ConfigError."""
    if not isinstance(table, Mapping):
        raise ConfigError(f"[{TABLE}] in wsmigrate.toml has to be a table.")
    known = {entry.name for entry in fields(Thresholds)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise ConfigError(
            f"[{TABLE}] in wsmigrate.toml has keys that are not known: {', '.join(unknown)}.",
            remedy=f"Known are {', '.join(sorted(known))}.",
        )
    return Thresholds(**{key: _number(key, value) for key, value in table.items()})


def _number(key: str, value: Any) -> float:
    highest = 1.0 if key.endswith("_share") else math.inf
    lowest = 1.0 if key.startswith("least_") else 0.0
    is_number = type(value) in (int, float) and math.isfinite(value)
    if not is_number or not lowest <= value <= highest:
        bounds = f"from {lowest:g}" + (f" to {highest:g}" if highest < math.inf else " on")
        raise ConfigError(f"{TABLE}.{key} in wsmigrate.toml has to be a number, {bounds}.")
    return float(value)
