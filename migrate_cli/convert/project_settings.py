"""The settings modules of a project, and how they build on one another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import libcst as cst

from migrate_cli.convert.notifs_names import imported_module
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.settings_module import SettingsModule, assigned_names
from migrate_cli.convert.settings_values import app_entry, strings_of
from migrate_cli.convert.stack import uses_notifs, uwsgi_modules

_OLD_KEYS = (
    "NOTIFICATIONS_CHANNELS",
    "NOTIFICATIONS_USE_WEBSOCKET",
    "NOTIFICATIONS_RABBIT_MQ_URL",
)


@lru_cache(maxsize=8)
def settings_modules(project: Project) -> tuple[SettingsModule, ...]:
    """All settings modules of the project."""
    sources = {
        source.path: source
        for source in project.sources_with("INSTALLED_APPS", "DATABASES", *_OLD_KEYS)
        if assigned_names(source) & {"INSTALLED_APPS", "DATABASES", *_OLD_KEYS}
    }
    sources |= _built_upon(project, sources)
    made: dict[str, SettingsModule] = {}

    def make(path: str, above: tuple[str, ...]) -> SettingsModule:
        if path not in made:
            source = sources.get(path) or project.sources.get(path) or _any(project, path)
            bases = tuple(
                make(base, (*above, path))
                for base in _base_paths(project, source)
                if base not in (*above, path)
            )
            made[path] = SettingsModule(source, bases)
        return made[path]

    return tuple(make(path, ()) for path in sorted(sources))


@lru_cache(maxsize=8)
def concerned_settings(project: Project) -> tuple[SettingsModule, ...]:
    """The modules that make INSTALLED_APPS of a site that runs the old stack: one for each site."""
    bases = [one for one in settings_modules(project) if one.makes("INSTALLED_APPS")]
    marked = [one for one in bases if _is_marked(project, one)]
    if marked:
        return tuple(marked)
    return tuple(bases) if len(bases) == 1 and uwsgi_modules(project) else ()


def family(project: Project, base: SettingsModule) -> list[SettingsModule]:
    """The settings modules that belong to a site: the base, what it builds on, what builds on it,
    and those beside it that nothing connects by imports (django-split-settings)."""
    folder = base.path.rpartition("/")[0]
    return [
        one
        for one in settings_modules(project)
        if one in base.chain
        or base in one.chain
        or (one.path.rpartition("/")[0] == folder and not one.makes("INSTALLED_APPS"))
    ]


def is_lacking(project: Project, base: SettingsModule, name: str) -> bool:
    """Whether a site can be run with settings that do not have one: a module of dev or test may
    make what the one of production does not."""
    modules = family(project, base)
    makers = [one for one in modules if name in one.assignments]
    connected = [one for one in modules if one in base.chain or base in one.chain]
    if any(one not in connected for one in makers):
        return False  # put together by something else than imports
    entries = [
        one
        for one in connected
        if not any(one in other.chain for other in connected if other is not one)
    ]
    return any(not any(name in each.assignments for each in one.chain) for one in entries)


def home_of_layer(project: Project, base: SettingsModule) -> SettingsModule:
    """Where the layer's database is to be described: the base, unless it cannot see DATABASES."""
    makers = [one for one in family(project, base) if one.makes("DATABASES")]
    if not makers or base in makers or any(base in one.chain for one in makers):
        return base
    return base if base.knows("DATABASES") else makers[0]


def _is_marked(project: Project, module: SettingsModule) -> bool:
    if any(module.knows(key) for key in _OLD_KEYS):
        return True
    return uses_notifs(project) and any(
        app_entry(text, "notifications") for text in strings_of(module, "INSTALLED_APPS")
    )


def _built_upon(project: Project, known: Mapping[str, PythonSource]) -> dict[str, PythonSource]:
    """The modules that import everything of those, or of modules that do."""
    stars = {
        source.path: source
        for source in project.sources_with("import *")
        if source.path not in known
        and any(isinstance(one.names, cst.ImportStar) for one in source.of_type(cst.ImportFrom))
    }
    found: dict[str, PythonSource] = {}
    grows = True
    while grows:
        grows = False
        for path, source in stars.items():
            bases = _base_paths(project, source) if path not in found else []
            if any(base in known or base in found for base in bases):
                found[path] = source
                grows = True
    return found


def _any(project: Project, path: str) -> PythonSource:
    source = project.cache.get(path, project.text(path))
    if source is None:
        raise ValueError(path)
    return source


def _base_paths(project: Project, source: PythonSource) -> list[str]:
    """The modules of the project that a settings module imports from."""
    found = []
    for statement in source.of_type(cst.ImportFrom):
        star = isinstance(statement.names, cst.ImportStar)
        if not star and not any(
            alias.evaluated_name.isupper()
            for alias in statement.names  # type: ignore[union-attr]
        ):
            continue
        path = project.module_path(imported_module(project, source, statement))
        if path is not None and project.cache.get(path, project.text(path)) is not None:
            found.append(path)
    return found
