"""Connections to the layer's database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from wsmigrate.errors import ConfigError, WsmigrateError

CURSOR_MOVED = "WS001"
"""SQLSTATE that wsmigrate_append raises."""

_DEFAULTS: Mapping[str, Any] = {
    "connect_timeout": 5,  # seconds
    # A peer that vanished without a word is noticed within about ten seconds (the last one is in
    # milliseconds, and covers what was sent and never acknowledged).
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_NOT_LIBPQS = ("cursor_factory", "context", "prepare_threshold")

# SQLSTATEs that pass, besides those of a lost connection: lock not available, deadlock,
# serialisation, query cancelled, and a server that has become a standby.
_PASSING = frozenset({"55P03", "40P01", "40001", "57014", "25006"})
_MISSING = frozenset({"42P01", "42883", "42703"})


def connection_parameters(db_params: Mapping[str, Any], role: str) -> dict[str, Any]:
    """libpq's parameters, from Django's. ``role`` shows in PostgreSQL's pg_stat_activity."""
    given = {
        key: value
        for key, value in db_params.items()
        if key not in _NOT_LIBPQS and value not in (None, "")
    }
    return {**_DEFAULTS, "fallback_application_name": f"wsmigrate layer, {role}", **given}


def may_pass(error: psycopg.Error) -> bool:
    """Whether the same statement may succeed later, on another connection."""
    state = error.sqlstate or ""
    return state in _PASSING or (
        isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    )


def lasting(error: psycopg.Error) -> WsmigrateError | None:
    """What a person has to mend before the statement can succeed; None for anything else."""
    if error.sqlstate in _MISSING:
        return ConfigError(
            "The database of the channel layer lacks the tables of wsmigrate.",
            then="The layer neither sends nor receives.",
            remedy="Run: python manage.py migrate --database <the layer's entry in DATABASES>",
        )
    return None


def described(error: BaseException) -> str:
    """The first line of what psycopg says, without a full stop. It never holds the password."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(".")


def has_pooler(info: psycopg.ConnectionInfo, backend_pid: int) -> bool:
    """Whether a pooler stands in between: it names a process of its own in the greeting."""
    return info.backend_pid != backend_pid
