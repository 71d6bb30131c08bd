"""The one place that chooses adapters for the commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from migrate_cli.django_project import need_packages, set_up_django
from wsmigrate.errors import ConfigError, RefusedError, WsmigrateError
from wsmigrate.stages import Stage

_TABLE = "wsmigrate_state"


def require_retired(project: Path, settings: str | None, typed: str | None) -> None:
    """Return if the old server is retired; raise RefusedError if not, or if nobody can say.

    The stage that the layer's database has counts. Where it has none, or cannot be asked, the
    operator's word (``typed``) does.
    """
    if typed is not None and typed not in {stage.value for stage in Stage}:
        raise ConfigError(
            f"There is no stage {typed!r}.",
            remedy=f"The stages are {', '.join(stage.value for stage in Stage)}.",
        )
    try:
        known, why = stage_in_database(project, settings), "no cutover has been recorded there"
    except WsmigrateError as error:
        known, why = None, f"its database could not be asked: {error.what}"
    stage = known or typed
    if stage == Stage.RETIRED.value:
        return
    if stage is None:
        raise RefusedError(
            f"Whether the old server is retired is not known ({why.rstrip('.')}).",
            then="Nothing was changed.",
            remedy="If it is, say so with --stage-is retired.",
        )
    raise RefusedError(
        f"The old server is in use: the stage is {stage!r}.",
        then="Nothing was changed.",
        remedy="Finish the cutover first; the old stack is removed at the stage 'retired'.",
    )


def stage_in_database(project: Path, settings: str | None) -> str | None:
    """The stage that the layer's database of a project has; None if it has none yet.

    Raises WsmigrateError when the project's settings cannot be loaded or the database is away.
    """
    if not (settings or os.environ.get("DJANGO_SETTINGS_MODULE")):
        raise ConfigError("no settings module was named (--settings)")
    need_packages("convert --finish", "django", "psycopg")
    import psycopg  # noqa: PLC0415 - only where there is a database to ask

    from bridge.settings import database_parameters, project_config  # noqa: PLC0415

    sys.path.insert(0, str(project.resolve()))
    set_up_django("`convert --finish`", settings)
    parameters = database_parameters(project_config().database)
    try:
        with psycopg.connect(**parameters, connect_timeout=5) as connection:
            found = connection.execute("SELECT to_regclass(%s)", (_TABLE,)).fetchone()
            if found is None or found[0] is None:
                return None
            row = connection.execute(f"SELECT stage FROM {_TABLE}").fetchone()  # noqa: S608
    except psycopg.Error as error:
        raise ConfigError(f"the layer's database failed ({type(error).__name__})") from None
    return None if row is None else str(row[0])
