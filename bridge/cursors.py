"""The cursors of the inboxes, in the database of the PostgreSQL layer."""

from __future__ import annotations

from bridge.database import LayerDatabase
from wsmigrate.cursor import CursorMove, CursorMovedError


class CursorStore:
    """Reads and moves cursors, for all inboxes over one connection."""

    def __init__(self, database: LayerDatabase) -> None:
        self._database = database

    async def read(self, inbox: str) -> int | None:
        """The position of the last message of the inbox that the layer has, None where it was
        never relayed. Raises ConfigError and UnavailableError (see LayerDatabase)."""
        rows = await self._database.fetch(
            'SELECT "offset" FROM wsmigrate_cursor WHERE inbox = %s', (inbox,)
        )
        return int(rows[0][0]) if rows else None

    async def move(self, move: CursorMove) -> None:
        """Move a cursor, if nobody else has moved it.

        May be repeated: where the cursor is there already, nothing changes. Raises
        CursorMovedError, and UnavailableError when the database does not answer: the cursor then
        may or may not have moved.
        """
        inbox, before, after = move.inbox, move.before, move.after
        if before is None:
            changed = await self._database.execute(
                'INSERT INTO wsmigrate_cursor (inbox, "offset", moved_at)'
                " VALUES (%s, %s, now()) ON CONFLICT (inbox) DO UPDATE SET moved_at = now()"
                ' WHERE wsmigrate_cursor."offset" = EXCLUDED."offset"',
                (inbox, after),
            )
        else:
            changed = await self._database.execute(
                'UPDATE wsmigrate_cursor SET "offset" = %s, moved_at = now()'
                ' WHERE inbox = %s AND "offset" IN (%s, %s)',
                (after, inbox, before, after),
            )
        if changed != 1:
            raise CursorMovedError(
                f"The cursor of {inbox} is no longer at {before}: another bridge is relaying it."
            )
