"""Where a site's ``asgi.py`` is, or is to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

import libcst as cst

from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import family
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.settings_module import SettingsModule


@dataclass(frozen=True)
class AsgiPlace:
    """The module of the ASGI application, and the settings that it is to name."""

    path: str
    application: str
    """``package.module.attribute``, as ASGI_APPLICATION has it."""
    settings: str
    """The expression that other entry points set DJANGO_SETTINGS_MODULE to."""


def asgi_place(project: Project, base: SettingsModule) -> AsgiPlace | None:
    """The place for a site; None if nothing tells it."""
    named = setting_string(project, base, "ASGI_APPLICATION")
    if named is not None:
        module = named.rpartition(".")[0]
        path = project.module_path(module)
        return AsgiPlace(path, named, _settings(project, base)) if path is not None else None
    package = _package(project, base)
    if package is None:
        return None
    root, dotted = package
    path = (PurePosixPath(root) / dotted.replace(".", "/") / "asgi.py").as_posix()
    application = ".".join(filter(None, [dotted, "asgi", "application"]))
    return AsgiPlace(path, application, _settings(project, base))


def setting_string(project: Project, base: SettingsModule, name: str) -> str | None:
    """The string that a setting of the site is, if it is written out."""
    for module in family(project, base):
        for one in module.assignments.get(name, ()):
            text = string_value(one.value)
            if text is not None:
                return text
    return None


def _package(project: Project, base: SettingsModule) -> tuple[str, str] | None:
    """The import root and the package that holds the entry points."""
    for name in ("WSGI_APPLICATION", "ROOT_URLCONF"):
        value = setting_string(project, base, name)
        if value is None:
            continue
        module = value.rpartition(".")[0] if name == "WSGI_APPLICATION" else value
        path = project.module_path(module)
        if path is not None:
            return _root_of(path, module), module.rpartition(".")[0]
    for path in project.paths("wsgi.py"):
        module = project.module_name(path)
        if module.partition(".")[0] == project.module_name(base.path).partition(".")[0]:
            return _root_of(path, module), module.rpartition(".")[0]
    return None


def _root_of(path: str, module: str) -> str:
    """The folder on the import path under which a module has its name."""
    depth = module.count(".") + 1
    return PurePosixPath(*PurePosixPath(path).parts[:-depth]).as_posix()


def _settings(project: Project, base: SettingsModule) -> str:
    for name in ("wsgi.py", "manage.py", "celery.py"):
        for path in project.paths(name):
            source = project.sources.get(path)
            if source is not None and (found := settings_expression(source)) is not None:
                return found
    return f'"{project.module_name(base.path)}"'


def settings_expression(source: PythonSource) -> str | None:
    """What a module sets DJANGO_SETTINGS_MODULE to by ``os.environ.setdefault``, if it is a
    string."""
    for call in source.of_type(cst.Call):
        values = [arg.value for arg in call.args]
        if (
            len(values) == 2
            and source.qualified(call.func) == "os.environ.setdefault"
            and string_value(values[0]) == "DJANGO_SETTINGS_MODULE"
            and string_value(values[1]) is not None
        ):
            return source.code(values[1])
    return None
