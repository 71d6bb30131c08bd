"""What of the old stack a project uses. Rules rewrite nothing in a project that uses none of it."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

import libcst as cst

from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource

NOTIFS_WORDS = ("notifications", "NOTIFICATIONS_")
_OTHER_NOTIFICATIONS = re.compile(
    r"^[^#\n]*\b(?:django-notifications-hq|openwisp-notifications)\b", re.I | re.M
)
_DJANGO_NOTIFS = re.compile(r"^[^#\n]*\bdjango[-_.]notifs\b", re.IGNORECASE | re.MULTILINE)
_OLD_KEYS = re.compile(
    r"^[ \t]*(?:NOTIFICATIONS_(?:CHANNELS|USE_WEBSOCKET|RABBIT_MQ_URL|WEBSOCKET_\w+|"
    r"DELIVERY_BACKEND))\b[^=\n]*=",
    re.MULTILINE,
)
_REQUIREMENT_FILES = (
    *("*requirements*.txt", "*requirements*.in", "requirements/*.txt", "requirements/*.in"),
    *("constraints*.txt", "pyproject.toml", "setup.cfg", "setup.py", "Pipfile"),
    *("environment*.yml", "environment*.yaml"),
)
_INCLUDED = re.compile(
    r"^[ \t]*(?:-r|-c|--requirement|--constraint)[ \t=]*(?P<path>[^\s#]+)", re.MULTILINE
)


@lru_cache(maxsize=8)
def requirement_paths(project: Project) -> tuple[str, ...]:
    """The files that say what the project requires, and those that they include (``-r``)."""
    found = dict.fromkeys(project.paths(*_REQUIREMENT_FILES))
    todo = list(found)
    while todo:
        path = todo.pop()
        if not path.endswith((".txt", ".in")):
            continue
        for included in _INCLUDED.finditer(project.text(path)):
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), included["path"]))
            if beside in project.files and beside not in found:
                found[beside] = None
                todo.append(beside)
    return tuple(found)


@lru_cache(maxsize=8)
def uses_notifs(project: Project) -> bool:
    """Whether ``notifications`` is django-notifs here: there are other packages of that name, and
    the project may have one of its own."""
    if project.is_local("notifications"):
        return False
    requirements = [project.text(path) for path in requirement_paths(project)]
    if any(_DJANGO_NOTIFS.search(text) for text in requirements):
        return True
    if any(_OTHER_NOTIFICATIONS.search(text) for text in requirements):
        return False
    return any(_has_marks(project, source) for source in project.sources_with(*NOTIFS_WORDS))


def _has_marks(project: Project, source: PythonSource) -> bool:
    if _OLD_KEYS.search(source.text):
        return True
    return any(
        project.name_of(source, base.value).startswith("notifications.channels.")
        for one in source.of_type(cst.ClassDef)
        for base in one.bases
    )


def websocket_calls(source: PythonSource) -> list[cst.Call]:
    """The calls of ``uwsgi.websocket_*``, however the module came by them."""
    return [
        call
        for call in source.of_type(cst.Call)
        if source.qualified(call.func).startswith("uwsgi.websocket_")
    ]


@lru_cache(maxsize=8)
def uwsgi_modules(project: Project) -> list[PythonSource]:
    """The modules that serve WebSockets by uWSGI."""
    if project.is_local("uwsgi"):
        return []
    return [
        source
        for source in project.sources_with("uwsgi")
        if "websocket_" in source.text and websocket_calls(source)
    ]


def serves_the_site(source: PythonSource) -> bool:
    """Whether a module that serves WebSockets is the site's WSGI application as well, which has to
    stay when the WebSockets go."""
    return any(name in source.text for name in ("get_wsgi_application", "WSGIHandler"))


def uses_stack(project: Project) -> bool:
    """Whether there is anything to convert."""
    return uses_notifs(project) or bool(uwsgi_modules(project))
