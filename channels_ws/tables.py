"""Whether the tables of the layer are there."""

from __future__ import annotations

import logging

from asgiref.sync import sync_to_async
from django.db import Error, connections

from wsmigrate.errors import ConfigError

logger = logging.getLogger(__name__)

_NEEDED = frozenset(
    {
        "channels_postgres_groupchannel",
        "channels_postgres_message",
        "wsmigrate_bound_room",
        "wsmigrate_cursor",
        "wsmigrate_message",
        "wsmigrate_state",
    }
)


async def check_tables(database: str) -> None:
    """Raise ConfigError if the layer's database lacks its tables.

    A project without such a database uses another layer; a database that does not answer now may
    answer later, so it is only warned about.
    """
    if database not in connections.settings:
        return
    try:
        missing = await sync_to_async(_missing_tables)(database)
    except Error as error:
        logger.warning("The database %r does not answer yet (%s)", database, type(error).__name__)
        return
    if missing:
        raise ConfigError(
            f"The database {database!r} lacks the tables {', '.join(missing)}.",
            remedy=f"Run: python manage.py migrate --database {database}",
        )


def _missing_tables(database: str) -> list[str]:
    connection = connections[database]
    try:
        return sorted(_NEEDED - set(connection.introspection.table_names()))
    finally:
        connection.close()
