"""A database router: the layer's tables belong to the layer's database, and nothing else does."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from wsmigrate.config import config_of_settings

_LAYER_APPS = frozenset({"channels_postgres", "channels_ws"})


class LayerRouter:
    """Keeps the migrations of channels-postgres, which only PostgreSQL can run, away from the
    default database (they fail on SQLite with ``near "OR": syntax error``), and the project's
    tables away from the layer's database."""

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        """The layer's database for the layer's tables, no opinion on others."""
        return self._database() if model._meta.app_label in _LAYER_APPS else None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """As db_for_read."""
        return self.db_for_read(model, **hints)

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool | None:
        """Whether the tables of an app belong to a database."""
        layer = self._database()
        if app_label in _LAYER_APPS:
            return db == layer
        if db == layer and layer != "default":
            return False
        return None

    def _database(self) -> str:
        return config_of_settings(settings).database
