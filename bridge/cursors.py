"""The cursors of the inboxes, in the database of the PostgreSQL layer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg

from wsmigrate.cursor import CursorMove, CursorMovedError
from wsmigrate.errors import ConfigError, UnavailableError

_INVALID_LOGIN = "28"  # the class of SQLSTATE
_NO_DATABASE = "3D000"
_REFUSAL = re.compile(
    r"FATAL:  (password authentication failed|role .* does not exist|database .* does not exist"
    r"|role .* is not permitted to log in|no pg_hba\.conf entry|pg_hba\.conf rejects)"
    r"|no password supplied"
)


class CursorStore:
    """Reads and moves cursors, for all inboxes over one connection.

    ``parameters`` are psycopg's connection parameters, ``database`` is the name of the database in
    Django's DATABASES.
    """

    def __init__(self, parameters: Mapping[str, Any], database: str) -> None:
        self._parameters = dict(parameters)
        self._database = database
        self._lock = asyncio.Lock()
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None

    async def read(self, inbox: str) -> int | None:
        """The position of the last message of the inbox that the layer has, None where it was
        never relayed.

        Raises ConfigError when the table is missing or the database refuses the login, and
        UnavailableError when it does not answer.
        """
        answer = await self._execute(
            'SELECT "offset" FROM wsmigrate_cursor WHERE inbox = %s', (inbox,)
        )
        row = await answer.fetchone()
        return None if row is None else int(row[0])

    async def move(self, move: CursorMove) -> None:
        """Move a cursor, if nobody else has moved it.

        May be repeated: where the cursor is there already, nothing changes. Raises
        CursorMovedError, and UnavailableError when the database does not answer: the cursor then
        may or may not have moved.
        """
        inbox, before, after = move.inbox, move.before, move.after
        if before is None:
            answer = await self._execute(
                'INSERT INTO wsmigrate_cursor (inbox, "offset", moved_at)'
                " VALUES (%s, %s, now()) ON CONFLICT (inbox) DO UPDATE SET moved_at = now()"
                ' WHERE wsmigrate_cursor."offset" = EXCLUDED."offset"',
                (inbox, after),
            )
        else:
            answer = await self._execute(
                'UPDATE wsmigrate_cursor SET "offset" = %s, moved_at = now()'
                ' WHERE inbox = %s AND "offset" IN (%s, %s)',
                (after, inbox, before, after),
            )
        if answer.rowcount != 1:
            raise CursorMovedError(
                f"The cursor of {inbox} is no longer at {before}: another bridge is relaying it."
            )

    async def close(self) -> None:
        """Close the connection. The next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _execute(
        self, statement: LiteralString, values: tuple[str | int, ...]
    ) -> psycopg.AsyncCursor[tuple[Any, ...]]:
        """Run one statement. After any failure the connection is closed, the next call has
        another."""
        async with self._lock:
            try:
                connection = await self._connected()
                return await connection.execute(statement, values)
            except psycopg.errors.UndefinedTable:
                await self.close()
                raise ConfigError(
                    "The database of the channel layer lacks the table wsmigrate_cursor.",
                    remedy=f"Run: python manage.py migrate --database {self._database}",
                ) from None
            except psycopg.Error as error:
                await self.close()
                if _is_refusal(error):
                    raise ConfigError(
                        f"The database {self._database!r} refuses the bridge: {_text(error)}.",
                        remedy="Check name, user and password in DATABASES.",
                    ) from error
                raise UnavailableError(
                    f"The database of the channel layer failed: {_text(error)}."
                ) from error

    async def _connected(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                **self._parameters, autocommit=True
            )
        return self._connection


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
    """The last line of what psycopg says, without a full stop. It never holds the password."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].strip().rstrip(".")
