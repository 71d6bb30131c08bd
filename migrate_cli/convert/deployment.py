"""How a project starts its old server, in whatever file, and what to start beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from migrate_cli.convert.project import Project
from migrate_cli.convert.settings_modules import concerned_settings
from migrate_cli.convert.stack import uwsgi_modules

_PROGRAM = re.compile(r"(?P<folder>[^\s\"'=]*/)?uwsgi\b")
_INI_MODULE = re.compile(
    r"^[ \t]*(?:module|wsgi|wsgi-file|file|mount)[ \t]*=[ \t]*(?P<value>\S+)", re.MULTILINE
)
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
    """The configurations of uWSGI that load a module that serves WebSockets."""
    return tuple(
        path
        for path in project.paths("*.ini", "*.yml", "*.yaml")
        if path.endswith(".ini")
        and "[uwsgi]" in project.text(path)
        and any(
            _names_module(project, found["value"])
            for found in _INI_MODULE.finditer(project.text(path))
        )
    )


def starts_old_server(project: Project, command: str) -> bool:
    """Whether a command starts uWSGI with such a module or configuration."""
    if _PROGRAM.search(command) is None:
        return False
    words = re.split(r"[\s\"',=\[\]]+", command)
    inis = {PurePosixPath(path).name for path in old_inis(project)}
    return any(_names_module(project, word) for word in words) or any(
        PurePosixPath(word).name in inis for word in words if word.endswith(".ini")
    )


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


def _names_module(project: Project, word: str) -> bool:
    plain = word.strip("\"'").rpartition("=")[2]
    for source in uwsgi_modules(project):
        module = project.module_name(source.path)
        if plain in {module, f"{module}:application"} or plain.startswith(f"{module}:"):
            return True
        if plain.endswith(".py") and PurePosixPath(source.path).name == PurePosixPath(plain).name:
            return True
    return False
