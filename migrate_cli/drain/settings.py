"""How a site's sockets are to be drained: ``[drain]`` of ``wsmigrate.toml``, or options."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from wsmigrate.draining import Limits
from wsmigrate.errors import ConfigError

TABLE = "drain"
BY_DOOR, BY_WORKERS = "door", "workers"

_USUAL = Limits()


@dataclass(frozen=True)
class DrainSettings:
    """Times are in seconds. ``by`` is how the old server's sockets are closed; the new one's are
    closed at the front door always. ``other_queues``: so many of the queues that ``queues_command``
    lists are other programs'. ``amqp_url`` is where frames in gaps are counted. Raises
    ConfigError."""

    by: str = BY_WORKERS
    uwsgi_pid: Path | None = None
    legacy_port: int = 8081
    spread: bool = False
    per_second: float = _USUAL.per_second
    in_flight: int = _USUAL.in_flight
    back_within_s: float = _USUAL.back_within_s
    errors_stop: float = _USUAL.errors_stop
    latency_stop_ms: float = _USUAL.latency_stop_ms
    patience_s: float = 60.0
    within_s: float = 3600.0
    admin_url: str | None = None
    queues_command: tuple[str, ...] = ()
    other_queues: int = 0
    amqp_url: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.by not in {BY_DOOR, BY_WORKERS}:
            raise ConfigError(f"[{TABLE}] has by = {self.by!r}, and knows 'workers' and 'door'.")
        _ = self.limits  # which are refused now, and not in the middle of a cutover

    @property
    def limits(self) -> Limits:
        """The pace. What slows down lies below what stops."""
        return Limits(
            per_second=self.per_second,
            in_flight=self.in_flight,
            back_within_s=self.back_within_s,
            errors_slow=min(_USUAL.errors_slow, self.errors_stop),
            errors_stop=self.errors_stop,
            latency_slow_ms=min(_USUAL.latency_slow_ms, self.latency_stop_ms),
            latency_stop_ms=self.latency_stop_ms,
        )


def drain_settings_of(document: Mapping[str, Any], given: Mapping[str, Any]) -> DrainSettings:
    """The settings of a parsed ``wsmigrate.toml``; what is ``given`` and not None goes first. The
    URL of the broker comes from WSMIGRATE_AMQP_URL, never from the file. Raises ConfigError."""
    table = document.get(TABLE, {})
    if not isinstance(table, dict):
        raise ConfigError(f"[{TABLE}] in wsmigrate.toml has to be a table.")
    known = {entry.name for entry in fields(DrainSettings)} - {"amqp_url"}
    unknown = sorted(set(table) - known)
    if unknown:
        raise ConfigError(
            f"[{TABLE}] has {', '.join(map(repr, unknown))}, which means nothing there.",
            remedy=f"Known are {', '.join(sorted(known))}.",
        )
    chosen = {key: _checked(key, value) for key, value in table.items()}
    chosen |= {key: value for key, value in given.items() if value is not None}
    chosen.setdefault("amqp_url", os.environ.get("WSMIGRATE_AMQP_URL") or None)
    return DrainSettings(**chosen)


def _checked(key: str, value: Any) -> Any:
    if key == "queues_command":
        words = shlex.split(value) if isinstance(value, str) else value
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return tuple(words)
    elif key == "spread":
        if isinstance(value, bool):
            return value
    elif key in {"by", "uwsgi_pid", "admin_url"}:
        if isinstance(value, str) and value:
            return Path(value) if key == "uwsgi_pid" else value
    elif key in {"in_flight", "legacy_port", "other_queues"}:
        if type(value) is int and value >= (key != "other_queues"):
            return value
    elif type(value) in (int, float) and value > 0:
        return float(value)
    raise ConfigError(f"[{TABLE}] has {key} = {value!r}, which cannot be.")
