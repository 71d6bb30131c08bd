"""Gaps: messages that an inbox did not keep until they were relayed."""

from __future__ import annotations

import asyncio
import logging

from bridge.database import LayerDatabase
from wsmigrate.errors import WsmigrateError

logger = logging.getLogger(__name__)

_RETRY_S = 2.0


class GapStore:
    """Writes gaps down, so that they are seen after the process has ended too."""

    def __init__(self, database: LayerDatabase) -> None:
        self._database = database
        self._writing: set[asyncio.Task[None]] = set()

    def found(self, inbox: str, first: int, last: int) -> None:
        """Write a gap down, as soon as the database takes it."""
        task = asyncio.create_task(self._write(inbox, first, last), name="gap")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def total(self) -> dict[str, int]:
        """How many messages are missing, at most, by inbox. Raises as LayerDatabase."""
        rows = await self._database.fetch(
            "SELECT inbox, sum(last_position - first_position + 1)::bigint FROM wsmigrate_gap"
            " GROUP BY inbox ORDER BY inbox"
        )
        return {str(inbox): int(count) for inbox, count in rows}

    async def stop(self, within_s: float = 2.0) -> None:
        """Give what is being written a moment, then stop."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=within_s)
        for task in self._writing:
            task.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def _write(self, inbox: str, first: int, last: int) -> None:
        while True:
            try:
                await self._database.execute(
                    "INSERT INTO wsmigrate_gap (inbox, first_position, last_position)"
                    " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                    (inbox, first, last),
                )
            except WsmigrateError as error:
                logger.warning("A gap is not written down yet: %s", error)
                await asyncio.sleep(_RETRY_S)
            else:
                return
