"""Whether the tables of the layer and of the cutover are there, where they belong."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.doctor.context import Context
from wsmigrate.doctor.findings import Finding, Level
from wsmigrate.errors import UnavailableError

CHECK = "migrations"
_APPS = ("channels_ws", "channels_postgres")
_ROUTER = "channels_ws.routers.LayerRouter"


def check(context: Context) -> Iterator[Finding]:
    """The migrations of the layer's database that were not applied, and the router."""
    database = context.project.database
    from django.conf import settings  # noqa: PLC0415 - needs Django
    from django.db import DatabaseError, InterfaceError, connections  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    if database not in connections.settings:
        what = f"DATABASES has no {database!r}, which holds the layer and the cutover."
        yield Finding(CHECK, Level.MEND, what, "`wsmigrate convert` adds it.")
        return
    routers = [str(router) for router in getattr(settings, "DATABASE_ROUTERS", [])]
    if database != "default" and not any(_ROUTER in router for router in routers):
        what = f"DATABASE_ROUTERS lacks {_ROUTER}: tables get into the wrong database."
        yield Finding(CHECK, Level.MEND, what, "Add it as the first one.")
    connection = connections[database]
    try:
        executor = MigrationExecutor(connection)
        targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] in _APPS]
        missing = [
            f"{migration.app_label} {migration.name}"
            for migration, _ in executor.migration_plan(targets)
            if migration.app_label in _APPS
        ]
    except (DatabaseError, InterfaceError) as error:
        raise UnavailableError(
            f"Which migrations {database!r} has cannot be read ({type(error).__name__})."
        ) from error
    finally:
        connection.close()
    if missing:
        what = f"{len(missing)} migrations are not applied: {', '.join(missing[:4])}."
        yield Finding(CHECK, Level.MEND, what, f"python manage.py migrate --database {database}")
    else:
        yield Finding(CHECK, Level.GOOD, f"The tables of {database!r} are up to date.")
