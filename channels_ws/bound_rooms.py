"""The rooms that this process has bound, written down in the layer's database: if the process dies,
bridges remove its bindings from the broker, which would keep them for as long as it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from asgiref.sync import sync_to_async
from django.db import Error, connections

logger = logging.getLogger(__name__)

BEAT_S = 5.0
_ROOMS_AT_ONCE = 1000


class BoundRooms:
    """Writes down, every few seconds, that the process lives and which rooms it has bound.

    What was bound in the last seconds before a kill is not there yet; those few bindings stay. A
    process that was frozen for so long that it was taken for dead is told by ``on_swept``, once it
    is awake: its bindings are gone.
    """

    def __init__(
        self,
        database: str,
        owner: str,
        rooms: Callable[[], Collection[str]],
        on_swept: Callable[[], Awaitable[None]],
        beat_s: float = BEAT_S,
    ) -> None:
        self._database = database
        self._owner = owner
        self._rooms = rooms
        self._on_swept = on_swept
        self._beat_s = beat_s
        self._written: set[str] | None = None
        self._beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, where there is such a database: a site with another layer may have none."""
        if self._beating is None and self._database in connections.settings:
            self._beating = asyncio.create_task(self._beat(), name="bound-rooms")

    async def stop(self) -> None:
        """End; the process has unbound its rooms itself."""
        if self._beating is None:
            return
        self._beating.cancel()
        await asyncio.gather(self._beating, return_exceptions=True)
        self._beating = None
        try:
            await sync_to_async(self._forget)()
        except Error as error:
            logger.info("The bound rooms stay written down: %s", type(error).__name__)

    async def _beat(self) -> None:
        while True:
            try:
                swept = await sync_to_async(self._write)(set(self._rooms()))
            except Error as error:
                logger.info("The bound rooms are not written down yet: %s", type(error).__name__)
            else:
                if swept:
                    logger.warning("This process was taken for dead, and its bindings were removed")
                    await self._on_swept()
            await asyncio.sleep(self._beat_s)

    def _write(self, rooms: set[str]) -> bool:
        """Whether the process had been taken for dead."""
        connection = connections[self._database]
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO wsmigrate_binder (owner) VALUES (%s)"
                    " ON CONFLICT (owner) DO UPDATE SET seen_at = clock_timestamp()"
                    " RETURNING xmax = 0",
                    (self._owner,),
                )
                is_new = bool(cursor.fetchone()[0])
                known = set() if is_new else self._written or set()
                self._delete(cursor, sorted(known - rooms))
                self._insert(cursor, sorted(rooms - known))
        finally:
            connection.close()
        swept = is_new and self._written is not None
        self._written = rooms
        return swept

    def _insert(self, cursor: object, rooms: list[str]) -> None:
        for begin in range(0, len(rooms), _ROOMS_AT_ONCE):
            cursor.execute(  # type: ignore[attr-defined]
                "INSERT INTO wsmigrate_bound_room (owner, room)"
                " SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
                (self._owner, rooms[begin : begin + _ROOMS_AT_ONCE]),
            )

    def _delete(self, cursor: object, rooms: list[str]) -> None:
        if rooms:
            cursor.execute(  # type: ignore[attr-defined]
                "DELETE FROM wsmigrate_bound_room WHERE owner = %s AND room = ANY (%s::text[])",
                (self._owner, rooms),
            )

    def _forget(self) -> None:
        connection = connections[self._database]
        try:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM wsmigrate_binder WHERE owner = %s", (self._owner,))
        finally:
            connection.close()
