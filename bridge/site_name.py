"""What tells this site's database from every other."""

from __future__ import annotations

from bridge.database import LayerDatabase
from wsmigrate.errors import ConfigError


class SiteName:
    """The key of the layer's log, which each migration of a database draws anew."""

    def __init__(self, database: LayerDatabase) -> None:
        self._database = database
        self._name: str | None = None

    async def read(self) -> str:
        """It never changes, so it is read once. Raises as LayerDatabase does."""
        if self._name is None:
            rows = await self._database.fetch("SELECT key FROM wsmigrate_log")
            if not rows:
                raise ConfigError("The table wsmigrate_log of the channel layer has no row.")
            self._name = str(rows[0][0])
        return self._name
