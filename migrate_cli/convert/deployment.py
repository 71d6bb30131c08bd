"""How a project starts its old server, in whatever file, and what to start beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.stack import serves_the_site, uwsgi_modules

_PROGRAM = re.compile(r"(?P<folder>[^\s\"'=]*/)?uwsgi\b")
_CONFIGURATION = re.compile(r"^[ \t]*(?:\[uwsgi\]|uwsgi:|<uwsgi\b)", re.MULTILINE)
_INI_MODULE = re.compile(
    r"^[ \t]*(?:module|wsgi|wsgi-file|file|mount)[ \t]*[=:][ \t]*[\"']?(?P<value>[^\s\"']+)"
    r"|<(?:module|wsgi|wsgi-file|file|mount)>[ \t]*(?P<xml>[^<\s]+)",
    re.MULTILINE,
)
_CONFIGURATIONS = (".ini", ".yml", ".yaml", ".xml")
_CONTINUED = re.compile(r"[ \t]*\\\r?\n[ \t]*")
_LOGICAL_LINE = re.compile(r"(?:\\\r?\n|[^\n])+")
_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE[\"']?[\s,=:]+[\"']?(?P<module>[A-Za-z_][\w.]*)")
PORT = 8001


@dataclass(frozen=True)
class Beside:
    """The commands to start beside the old server."""

    serve: str
    bridge: str


WHAT = (
    "This starts the old server. During the cutover the new one and the bridge run beside it; they "
    "need LAYER_DB_NAME and so on, and the broker's URL, in their environment."
)


def is_converted(text: str) -> bool:
    """Whether a file starts the new server already."""
    return "wsmigrate serve" in text


@lru_cache(maxsize=8)
def old_inis(project: Project) -> tuple[str, ...]:
    """The configurations of uWSGI (ini, YAML, XML) that load a module that serves WebSockets."""
    return tuple(
        path
        for path in project.paths(*(f"*{ending}" for ending in _CONFIGURATIONS))
        if _CONFIGURATION.search(project.text(path)) and _modules_of_ini(project, path)
    )


def _modules_of_ini(project: Project, path: str) -> list[PythonSource]:
    return [
        source
        for found in _INI_MODULE.finditer(project.text(path))
        for source in _named_modules(project, found["value"] or found["xml"])
    ]


def starts_old_server(project: Project, command: str) -> bool:
    """Whether a command starts uWSGI with such a module or configuration."""
    return bool(_started_modules(project, command))


def starts_the_site(project: Project, command_or_ini: str) -> bool:
    """Whether what starts the old server, a command or the path of a configuration, starts the
    site's WSGI application with it."""
    if command_or_ini in project.files:
        modules = _modules_of_ini(project, command_or_ini)
    else:
        modules = _started_modules(project, command_or_ini)
    return any(serves_the_site(one) for one in modules)


def _started_modules(project: Project, command: str) -> list[PythonSource]:
    if _PROGRAM.search(command) is None:
        return []
    words = re.split(r"[\s\"',=\[\]\\]+", command)
    found = [source for word in words for source in _named_modules(project, word)]
    for path in old_inis(project):
        if any(PurePosixPath(word).name == PurePosixPath(path).name for word in words):
            found += _modules_of_ini(project, path)
    return found


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a script with where they begin; those that end with a backslash go on."""
    for found in _LOGICAL_LINE.finditer(text):
        yield found.start(), _CONTINUED.sub(" ", found[0])


def beside(project: Project, command: str) -> Beside:
    """The new server and the bridge, from the same folder of programs as the old one."""
    found = _PROGRAM.search(command)
    folder = (found["folder"] or "") if found is not None else ""
    settings = f" --settings {name}" if (name := settings_name(project)) else ""
    return Beside(
        f"{folder}wsmigrate serve{settings} --host 0.0.0.0 --port {PORT}",
        f"{folder}wsmigrate bridge run{settings}",
    )


@lru_cache(maxsize=8)
def settings_name(project: Project) -> str:
    """The settings module that the project's entry points name."""
    for name in ("wsgi.py", "manage.py", "celery.py"):
        for path in project.paths(name):
            found = _SETTINGS.search(project.text(path))
            if found is not None:
                return found["module"]
    for base in concerned_settings(project):
        return project.module_name(base.path)
    return ""


def _named_modules(project: Project, word: str) -> list[PythonSource]:
    """The modules that serve WebSockets that a word of a command names."""
    plain = word.strip("\"'").rpartition("=")[2]
    return [
        source
        for source in uwsgi_modules(project)
        if _is_named(source.path, project.module_name(source.path), plain)
    ]


def _is_named(path: str, module: str, word: str) -> bool:
    if word == module or word.startswith(f"{module}:"):
        return True
    return word.endswith(".py") and PurePosixPath(path).name == PurePosixPath(word).name
