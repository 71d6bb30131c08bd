"""Whether the layer's way to PostgreSQL leads through a pooler that shares connections out."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql

from migrate_cli.doctor.context import Context
from migrate_cli.doctor.postgres import connected, parameters_of
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.errors import ConfigError, UnavailableError

CHECK = "pooler"
_WITHIN_S = 2.0


def check(context: Context) -> Iterator[Finding]:
    """Listen and notify, as the layer does; then the same by the way of the state."""
    project = context.project
    layer = _layer_parameters()
    if layer is None:
        yield Finding(CHECK, Level.SKIPPED, "The channel layer is not that of PostgreSQL.")
    elif is_pooled(layer, "CHANNEL_LAYERS"):
        yield Finding(
            CHECK,
            Level.MEND,
            "The channel layer's connection leads through a pooler in transaction mode: LISTEN "
            "does not last, and messages come seconds late.",
            "Name the address of PostgreSQL itself in CONFIG of CHANNEL_LAYERS, or use session "
            "mode.",
        )
    else:
        yield Finding(CHECK, Level.GOOD, "The channel layer hears notifications.")
    if is_pooled(parameters_of(project.database), project.database):
        yield Finding(
            CHECK,
            Level.ADVICE,
            f"The database {project.database!r} is reached through a pooler in transaction mode: "
            "the inboxes of a bridge that dies are free once its lease is over, not at once.",
            "Name the address of PostgreSQL itself in DATABASES.",
        )


def is_pooled(parameters: Mapping[str, Any], name: str) -> bool:
    """Whether a notification misses the connection that listens. Raises UnavailableError.

    In transaction mode the LISTEN belongs to a session of the pooler, which hands what it hears to
    whoever has that session at the time, or to nobody.
    """
    channel = sql.Identifier(f"wsmigrate_doctor_{uuid.uuid4().hex}")
    try:
        with (
            contextlib.closing(connected(parameters, name)) as listening,
            contextlib.closing(connected(parameters, name)) as notifying,
        ):
            listening.execute(sql.SQL("LISTEN {}").format(channel))
            notifying.execute(sql.SQL("NOTIFY {}").format(channel))
            heard = list(listening.notifies(timeout=_WITHIN_S, stop_after=1))
            listening.execute(sql.SQL("UNLISTEN {}").format(channel))
    except psycopg.Error as error:
        raise UnavailableError(
            f"Whether a pooler stands in front of {name!r} could not be told "
            f"({type(error).__name__})."
        ) from error
    return not heard


def _layer_parameters() -> Mapping[str, Any] | None:
    """libpq's, of the layer; None where it is another one. Raises ConfigError."""
    from bridge.settings import layer_of_project  # noqa: PLC0415 - needs Django

    layer = layer_of_project()
    given = getattr(layer, "db_params", None)
    if given is None:
        return None
    from channels_ws.layers.connection import connection_parameters  # noqa: PLC0415

    if not isinstance(given, Mapping):
        raise ConfigError("The CONFIG of the channel layer cannot be read.")
    return connection_parameters(given, "doctor")
