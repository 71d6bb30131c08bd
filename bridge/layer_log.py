"""Reading the log of the PostgreSQL layer from a cursor, for the reverse relay."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from bridge.database import LayerDatabase, Row
from wsmigrate.errors import UnavailableError
from wsmigrate.message import Message, Via, message_of_event

logger = logging.getLogger(__name__)

CURSOR = "wsmigrate.reverse"
"""The name of the cursor, and of the lease."""

_ROWS = 200


@dataclass(frozen=True)
class LogRows:
    """What follows the cursor. ``after`` is the id of the last row, ``missed`` how many ids, at
    most, were deleted before they were read."""

    messages: tuple[Message, ...]
    before: int
    after: int
    missed: int


class LayerLog(LayerDatabase):
    """The messages that publishers have put straight into the layer, in the order of the log."""

    def __init__(self, layer: Any, parameters: Any, database: str, owner: str) -> None:
        super().__init__(parameters, database, name="wsmigrate reverse relay")
        self._layer = layer
        self._owner = owner

    async def on_connected(self, connection: psycopg.AsyncConnection[Row]) -> None:
        """Be woken by what is appended."""
        row = await (await connection.execute("SELECT key FROM wsmigrate_log")).fetchone()
        if row is None:
            raise psycopg.errors.UndefinedTable("wsmigrate_log has no row")
        # A name cannot be a parameter of LISTEN; the key is 16 hexadecimal digits.
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(f"wsmigrate_{row[0]}")))

    async def hold_lease(self, lease_s: float) -> bool:
        """Take or renew the lease of the reverse relay; whether this process has it."""
        rows = await self.fetch(
            "INSERT INTO wsmigrate_lease AS l (inbox, holder, fence, expires_at)"
            " VALUES (%(name)s, %(owner)s, 1, clock_timestamp() + make_interval(secs => %(s)s))"
            " ON CONFLICT (inbox) DO UPDATE SET holder = EXCLUDED.holder,"
            " fence = l.fence + (l.holder IS DISTINCT FROM EXCLUDED.holder)::int,"
            " expires_at = EXCLUDED.expires_at"
            " WHERE l.holder IS NULL OR l.holder = EXCLUDED.holder"
            " OR l.expires_at < clock_timestamp()"
            # A clock that was set back.
            " OR l.expires_at > clock_timestamp() + make_interval(secs => 2 * %(s)s) RETURNING 1",
            {"name": CURSOR, "owner": self._owner, "s": lease_s},
        )
        return bool(rows)

    async def give_lease_back(self) -> None:
        """Let another process have it at once."""
        await self.execute(
            "UPDATE wsmigrate_lease SET holder = NULL WHERE inbox = %s AND holder = %s",
            (CURSOR, self._owner),
        )

    async def cursor(self) -> int:
        """Where the relay stands. Where it never ran, it begins with what comes from now on."""
        await self.execute(
            'INSERT INTO wsmigrate_cursor (inbox, "offset", moved_at)'
            " SELECT %s, coalesce(max(id), 0), now() FROM wsmigrate_message ON CONFLICT DO NOTHING",
            (CURSOR,),
        )
        rows = await self.fetch('SELECT "offset" FROM wsmigrate_cursor WHERE inbox = %s', (CURSOR,))
        return int(rows[0][0])

    async def read(self, cursor: int) -> LogRows:
        """What follows the cursor."""
        prefix = self._layer.prefix
        horizon = await self.fetch(
            "SELECT deleted_to FROM wsmigrate_horizon WHERE prefix = %s", (prefix,)
        )
        rows = await self.fetch(
            "SELECT id, targets, payloads FROM wsmigrate_message"
            " WHERE prefix = %s AND id > %s ORDER BY id LIMIT %s",
            (prefix, cursor, _ROWS),
        )
        messages = [message for row in rows for message in self._messages(row[1], row[2])]
        deleted_to = int(horizon[0][0]) if horizon else 0
        after = int(rows[-1][0]) if rows else max(cursor, deleted_to)
        return LogRows(tuple(messages), cursor, after, max(0, deleted_to - cursor))

    async def wait_for_more(self, seconds: float) -> None:
        """Return when something was appended, or after so many seconds."""
        async with self._lock:
            try:
                connection = await self._connected()
                async for _ in connection.notifies(timeout=seconds, stop_after=1):
                    return
            except psycopg.Error as error:
                await self.close()
                raise UnavailableError("The connection to the layer's database is lost.") from error

    def _messages(self, targets: Sequence[str], payloads: Sequence[bytes]) -> list[Message]:
        """What publishers have published straight to the layer alone."""
        found = []
        for target, payload in zip(targets, payloads, strict=True):
            if not target.startswith("g"):
                continue
            try:
                message = message_of_event(self._layer.deserialize(bytes(payload)))
            except ValueError:  # an event of the application's own
                continue
            if message.via is Via.CHANNELS and not message.is_copy:
                found.append(message)
        return found
