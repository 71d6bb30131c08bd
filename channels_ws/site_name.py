"""What tells this site's database from every other."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.db import Error, ProgrammingError, connections

from wsmigrate.errors import UnavailableError


class SiteName:
    """The key of the layer's log, which each migration of a database draws anew."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._name: str | None = None

    async def read(self) -> str | None:
        """It never changes, so it is read once. None for a site without such a database or tables,
        which uses another layer. Raises UnavailableError."""
        if self._name is None and self._database in connections.settings:
            try:
                self._name = await sync_to_async(self._read)()
            except ProgrammingError:
                return None
            except Error as error:
                raise UnavailableError(
                    "Whose inboxes they are cannot be told, as the database "
                    f"{self._database!r} does not answer ({type(error).__name__})."
                ) from error
        return self._name

    def _read(self) -> str | None:
        connection = connections[self._database]
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT key FROM wsmigrate_log")
                row = cursor.fetchone()
        finally:
            connection.close()
        return None if row is None else str(row[0])
