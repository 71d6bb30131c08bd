"""The cursors of the inboxes, in the database of the PostgreSQL layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from wsmigrate.errors import ConfigError, RefusedError, UnavailableError


class CursorMovedError(RefusedError):
    """Another bridge has moved the cursor of an inbox meanwhile."""


class CursorStore:
    """Reads and moves cursors. ``parameters`` are psycopg's connection parameters."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = dict(parameters)
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None

    async def read(self) -> dict[str, int]:
        """The offset of the last message of each inbox that the layer has.

        An inbox that was never relayed is absent. Raises ConfigError when the table is missing, and
        UnavailableError when the database does not answer.
        """
        try:
            connection = await self._connected()
            answer = await connection.execute('SELECT inbox, "offset" FROM wsmigrate_cursor')
            return {str(inbox): int(offset) for inbox, offset in await answer.fetchall()}
        except psycopg.errors.UndefinedTable:
            raise ConfigError(
                "The database of the channel layer lacks the table wsmigrate_cursor.",
                remedy="Run: python manage.py migrate --database channels_postgres",
            ) from None
        except psycopg.Error as error:
            raise _unavailable(error) from error

    async def move(self, inbox: str, before: int | None, after: int) -> None:
        """Move a cursor from ``before`` to ``after``, if nobody else has moved it.

        May be repeated: where the cursor is at ``after`` already, nothing changes. Raises
        CursorMovedError, and UnavailableError when the database does not answer: the cursor then
        may or may not have moved.
        """
        try:
            connection = await self._connected()
            if before is None:
                answer = await connection.execute(
                    'INSERT INTO wsmigrate_cursor (inbox, "offset", moved_at)'
                    " VALUES (%s, %s, now()) ON CONFLICT (inbox) DO UPDATE SET moved_at = now()"
                    ' WHERE wsmigrate_cursor."offset" = EXCLUDED."offset"',
                    (inbox, after),
                )
            else:
                answer = await connection.execute(
                    'UPDATE wsmigrate_cursor SET "offset" = %s, moved_at = now()'
                    ' WHERE inbox = %s AND "offset" IN (%s, %s)',
                    (after, inbox, before, after),
                )
        except psycopg.Error as error:
            await self.close()
            raise _unavailable(error) from error
        if answer.rowcount != 1:
            raise CursorMovedError(
                f"The cursor of {inbox} is no longer at {before}: another bridge is relaying it."
            )

    async def close(self) -> None:
        """Close the connection. The next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                **self._parameters, autocommit=True
            )
        return self._connection


def _unavailable(error: psycopg.Error) -> UnavailableError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return UnavailableError(f"The database of the channel layer failed: {lines[-1]}.")
