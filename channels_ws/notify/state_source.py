"""The state of the cutover as a process reads it, by plain SQL (migration 0004).

By whatever driver Django uses: psycopg2 in the old environment, psycopg 3 in the new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Mapping
from typing import Any, Callable

from wsmigrate import __version__
from wsmigrate.config import Config
from wsmigrate.errors import UnavailableError
from wsmigrate.site_state import NO_CUTOVER, SiteState, backend_named

_NOT_THERE = frozenset({"42P01", "42883", "42703", "3F000"})
_DEFAULTS = {
    "connect_timeout": 2,  # seconds
    "application_name": "wsmigrate state",
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
_TCP_USER_TIMEOUT = {"tcp_user_timeout": 3000}  # milliseconds
_LIBPQ_12 = 120000


Connect = Callable[[], Any]
"""Opens a connection of the Python Database API."""


def connector(config: Config) -> Connect | None:
    """How to connect to the database that holds the state; None where the project has none.

    Its own connection, because Django's belongs to a request and its transaction.
    """
    from django.db import connections  # noqa: PLC0415 - the settings have to be there

    if config.database not in list(connections):  # .settings came with Django 3.2
        return None
    wrapper = connections[config.database]
    if wrapper.vendor != "postgresql":
        return None
    driver = wrapper.Database
    # psycopg2's wheels of that age have libpq 11, which refuses what it does not know.
    knows_it = getattr(driver, "__libpq_version__", _LIBPQ_12) >= _LIBPQ_12
    parameters: Mapping[str, Any] = {
        **_DEFAULTS,
        **(_TCP_USER_TIMEOUT if knows_it else {}),
        **wrapper.get_connection_params(),
    }
    return lambda: _connected(driver, parameters)


class StateSource:
    """Says that a process lives, and reads the state in the same statement. For one thread."""

    def __init__(self, connect: Connect, role: str, owner: str) -> None:
        self._connect = connect
        self._role = role
        self._owner = owner
        self._connection: Any = None

    def follow(self, applied: int | None, facts: Mapping[str, Any]) -> SiteState:
        """The state. ``applied`` is the oldest revision that this process still acts on, None
        before it acts on any. Raises UnavailableError."""
        values = (
            self._owner,
            self._role,
            socket.gethostname(),
            os.getpid(),
            __version__,
            applied,
            json.dumps(facts),
        )
        try:
            row = self._execute(
                "SELECT revision, stage, backend, binds, barrier, barrier_out"
                " FROM wsmigrate_follow(%s, %s, %s, %s, %s, %s, %s::json)",
                values,
            )
        except Exception as error:  # two drivers, with a hierarchy each
            self.close()
            if _sqlstate(error) in _NOT_THERE:
                return NO_CUTOVER
            raise UnavailableError(
                f"The state of the cutover cannot be read ({type(error).__name__})."
            ) from error
        return SiteState(row[0], row[1], backend_named(row[2]), row[3], row[4], row[5])

    def end(self) -> None:
        """Say that this process is gone, if the database answers."""
        with contextlib.suppress(Exception):  # it will be missed all the same
            self._execute("SELECT 1 FROM wsmigrate_process_ended(%s)", (self._owner,))
        self.close()

    def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _execute(self, statement: str, values: tuple[Any, ...]) -> Any:
        if self._connection is None:
            self._connection = self._connect()
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()


def _connected(driver: Any, parameters: Mapping[str, Any]) -> Any:
    connection = driver.connect(**parameters)
    connection.autocommit = True
    return connection


def _sqlstate(error: Exception) -> str:
    return str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")
