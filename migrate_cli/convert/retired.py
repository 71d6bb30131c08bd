"""Whether the old server is retired, so that what it needs may be removed from a project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from migrate_cli.django_project import need_packages, set_up_django
from wsmigrate.cutover_record import state_of_record
from wsmigrate.errors import ConfigError, RefusedError, WsmigrateError
from wsmigrate.rungs import Stage, ladder


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
        known, why = recorded_stage(project, settings), "no cutover has been recorded there"
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


def recorded_stage(project: Path, settings: str | None) -> str | None:
    """Where the cutover stands, as the layer's database of a project has it: ``retired``, or
    ``retired -> direct both`` while a step is under way. None if no cutover has begun.

    Raises WsmigrateError when the project's settings cannot be loaded, or when the database is away
    or lacks the tables.
    """
    if not (settings or os.environ.get("DJANGO_SETTINGS_MODULE")):
        raise ConfigError("no settings module was named (--settings)")
    need_packages("convert --finish", "django", "psycopg")
    from bridge.settings import database_parameters, project_config  # noqa: PLC0415
    from migrate_cli.cutover.store import StateStore  # noqa: PLC0415 - needs psycopg

    sys.path.insert(0, str(project.resolve()))
    set_up_django("`convert --finish`", settings)
    database = project_config().database
    with StateStore(database_parameters(database), database) as store:
        stored = store.load()
    return state_of_record(stored.machine, ladder()).where if stored.machine else None
