"""DATABASE_ROUTERS keeps the layer's tables in the layer's database."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import (
    concerned_settings,
    family,
    home_of_layer,
    is_lacking,
)
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.settings_values import literals_of, strings_of
from migrate_cli.convert.wording import elements_added, in_style

RULE = "settings_database_routers"
_ROUTER = "channels_ws.routers.LayerRouter"

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications"]
DATABASE_ROUTERS = ["chatire.routers.Replicas"]
"""
    },
    {
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications"]
DATABASE_ROUTERS = ["channels_ws.routers.LayerRouter", "chatire.routers.Replicas"]
"""
    },
)


@rule(
    title="A router keeps the layer's tables apart",
    follows="docs/install.md; Django, Multiple databases",
    example=EXAMPLE,
    order=31,
)
def examine(project: Project) -> Iterator[Finding]:
    """In front of other routers: the first one that has an opinion on a migration decides."""
    for base in concerned_settings(project):
        home = home_of_layer(project, base)
        makers = [one for one in family(project, base) if one.makes("DATABASE_ROUTERS")]
        if is_lacking(project, base, "DATABASE_ROUTERS"):
            makers.append(home)
        for module in makers:
            if _ROUTER not in strings_of(module, "DATABASE_ROUTERS"):
                yield _finding(module)


def _finding(module: SettingsModule) -> Finding:
    source = module.source
    what = (
        "DATABASE_ROUTERS has to keep the layer's tables in its database: migrations of "
        "channels-postgres fail on a default database that is not PostgreSQL."
    )
    places = module.assignments.get("DATABASE_ROUTERS", [])
    line = source.line(places[-1].statement) if places else 1
    own = [lit for where, lit in literals_of(module, "DATABASE_ROUTERS") if where is module]
    if own:
        edit = elements_added(source, own[0], [_ROUTER], after=-1)
    elif places:
        code = f'DATABASE_ROUTERS = ["{_ROUTER}", *DATABASE_ROUTERS]'
        edit = source.appended(*in_style(source, code))
    else:
        edit = source.appended(*in_style(source, f'DATABASE_ROUTERS = ["{_ROUTER}"]'))
    return Finding(RULE, module.path, line, what, Safety.SAFE, (edit,))
