"""PostgreSQL: whether it is there, how much it bears, and whether its clock agrees."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

import psycopg

from migrate_cli.doctor.context import Context
from wsmigrate.doctor.capacity import Connections, of_connections, of_open_files, of_sockets
from wsmigrate.doctor.clocks import Reading, of_clock
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.errors import UnavailableError

CHECK = "postgres"
_LEAST_VERSION = 130000

_LIMITS: LiteralString = """
SELECT
    (SELECT sum(setting::int * CASE name WHEN 'max_connections' THEN 1 ELSE -1 END)
        FROM pg_settings WHERE name IN
        ('max_connections', 'superuser_reserved_connections', 'reserved_connections')),
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
        AND application_name NOT LIKE 'wsmigrate%' AND pid <> pg_backend_pid()),
    (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),
    (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
    has_schema_privilege(current_schema(), 'CREATE'),
    current_setting('server_version_num')::int, current_setting('server_version'),
    current_setting('synchronous_commit'), current_setting('transaction_read_only')
"""


def check(context: Context) -> Iterator[Finding]:
    """Reach it, then look at its limits."""
    project = context.project
    yield from of_sockets(context.expected, project.max_sockets)
    yield from of_open_files(context.expected, _hard_limit())
    parameters = parameters_of(project.database)
    with contextlib.closing(connected(parameters, project.database)) as connection:
        try:
            row = connection.execute(_LIMITS).fetchone()
            yield of_clock("PostgreSQL's clock", _clock(connection))
        except psycopg.Error as error:
            raise UnavailableError(
                f"PostgreSQL did not say its limits ({type(error).__name__})."
            ) from error
    most, others, role, database, may_create, number, version, commit, read_only = row or (0,) * 9
    yield Finding(CHECK, Level.GOOD, f"PostgreSQL {version} answers.")
    if number < _LEAST_VERSION:
        yield Finding(CHECK, Level.MEND, "The layer needs PostgreSQL 13 or newer.", "Upgrade it.")
    if read_only == "on":
        what = "This PostgreSQL is a standby, or read-only: nothing can be published."
        yield Finding(CHECK, Level.MEND, what, "Name the primary in DATABASES.")
    elif not may_create:
        what = "The role may not create tables, so migrations cannot be run by it."
        yield Finding(CHECK, Level.ADVICE, what, "GRANT CREATE ON SCHEMA, or migrate as another.")
    if commit in {"off", "local"}:
        what = f"synchronous_commit is {commit}: a crash or a failover loses sends that returned."
        yield Finding(CHECK, Level.ADVICE, what, "Set it to on, for this role at least.")
    yield from of_connections(
        context.expected, Connections(int(most), int(others), int(role), int(database))
    )


def parameters_of(alias: str) -> Mapping[str, Any]:
    """psycopg's parameters of a database. Raises ConfigError."""
    from bridge.settings import database_parameters  # noqa: PLC0415 - needs Django

    return database_parameters(alias)


def connected(parameters: Mapping[str, Any], name: str) -> psycopg.Connection[Any]:
    """A connection that gives up soon. Raises UnavailableError."""
    soon = {"connect_timeout": 5, "fallback_application_name": "wsmigrate doctor"}
    try:
        return psycopg.connect(**{**soon, **parameters}, autocommit=True)
    except psycopg.Error as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise NotReachedError(
            f"The database {name!r} cannot be reached: {lines[-1].strip().rstrip('.')}.",
            remedy="Start PostgreSQL, or correct its entry in DATABASES.",
        ) from error


class NotReachedError(UnavailableError):
    """PostgreSQL is not there: that is the finding, and not that it could not be looked at."""


def _clock(connection: psycopg.Connection[Any]) -> Reading:
    asked_at = time.time()
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    return Reading(asked_at, float(row[0]) if row else float("nan"), time.time())


def _hard_limit() -> int:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return -1 if limit == resource.RLIM_INFINITY else limit
