"""The bridge's connection to the database of the PostgreSQL layer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg

from wsmigrate.errors import ConfigError, UnavailableError

Row = tuple[Any, ...]
Values = Sequence[Any] | Mapping[str, Any]

_INVALID_LOGIN = "28"  # the class of SQLSTATE
_NO_DATABASE = "3D000"
_REFUSAL = re.compile(
    r"FATAL:  (password authentication failed|role .* does not exist|database .* does not exist"
    r"|role .* is not permitted to log in|no pg_hba\.conf entry|pg_hba\.conf rejects)"
    r"|no password supplied"
)
_DEFAULTS: Mapping[str, Any] = {
    "connect_timeout": 5,  # seconds
    # A peer that vanished without a word is noticed within about ten seconds (the last one is in
    # milliseconds, and covers what was sent and never acknowledged).
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class LayerDatabase:
    """One connection, for one statement at a time, each in a transaction of its own.

    ``parameters`` are psycopg's connection parameters, ``database`` is the name of the database in
    Django's DATABASES. After any failure the connection is closed, and the next call opens another.
    ``timeout_s`` bounds each call, also where the database is frozen.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        database: str,
        *,
        name: str = "wsmigrate bridge",
        timeout_s: float = 10.0,
    ) -> None:
        self._parameters = {**_DEFAULTS, "fallback_application_name": name, **parameters}
        self._database = database
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._has_worked = False
        self._connection: psycopg.AsyncConnection[Row] | None = None

    async def fetch(self, statement: LiteralString, values: Values = ()) -> list[Row]:
        """The rows of a statement.

        Raises ConfigError when the tables are missing, or the database refuses the login and has
        not taken it before: one that has is being restored or failed over. UnavailableError when it
        does not answer: the statement then may or may not have been run.
        """
        async with self._lock:
            rows: list[Row] = await self._guarded(statement, values, fetch=True)
            return rows

    async def execute(self, statement: LiteralString, values: Values = ()) -> int:
        """Run a statement; how many rows it changed. Raises as ``fetch``."""
        async with self._lock:
            changed: int = await self._guarded(statement, values, fetch=False)
            return changed

    async def close(self) -> None:
        """Close the connection. The next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _guarded(self, statement: LiteralString, values: Values, *, fetch: bool) -> Any:
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._connected()
                cursor = await connection.execute(statement, values)
                self._has_worked = True
                return await cursor.fetchall() if fetch else cursor.rowcount
        except TimeoutError as error:
            await self.close()
            raise UnavailableError(
                f"The database of the channel layer did not answer within {self._timeout_s:g} s."
            ) from error
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction):
            await self.close()
            raise ConfigError(
                "The database of the channel layer lacks tables of wsmigrate.",
                remedy=f"Run: python manage.py migrate --database {self._database}",
            ) from None
        except psycopg.Error as error:
            await self.close()
            if _is_refusal(error) and not self._has_worked:
                raise ConfigError(
                    f"The database {self._database!r} refuses the bridge: {_text(error)}.",
                    remedy="Check name, user and password in DATABASES.",
                ) from error
            raise UnavailableError(
                f"The database of the channel layer failed: {_text(error)}."
            ) from error
        except BaseException:  # cancelled within a statement: its answer would be the next one's
            await self.close()
            raise

    async def _connected(self) -> psycopg.AsyncConnection[Row]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                **self._parameters, autocommit=True
            )
            await self.on_connected(self._connection)
        return self._connection

    async def on_connected(self, connection: psycopg.AsyncConnection[Row]) -> None:
        """For subclasses: what each new connection begins with."""


def _is_refusal(error: psycopg.Error) -> bool:
    """Whether PostgreSQL takes neither this login nor another try of it.

    libpq gives no SQLSTATE for a connection that failed, so its text has to tell. A server that
    speaks another language is waited for, as one that is away.
    """
    state = error.sqlstate or ""
    return (
        state.startswith(_INVALID_LOGIN)
        or state == _NO_DATABASE
        or bool(isinstance(error, psycopg.OperationalError) and _REFUSAL.search(str(error)))
    )


def _text(error: psycopg.Error) -> str:
    """What psycopg says in one line, without a full stop. It never holds the password. The lines
    after the first are advice, or hold values of the statement; except where several hosts were
    tried, of which the last line tells the last."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    line = lines[-1] if lines[0].startswith("multiple connection attempts") else lines[0]
    return line.strip().rstrip(".")
