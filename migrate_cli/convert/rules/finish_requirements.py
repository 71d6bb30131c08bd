"""The packages of the old server are required no more."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.deployment import old_inis, starts_old_server
from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import end_of_line
from migrate_cli.convert.registry import Example, Phase, rule
from migrate_cli.convert.requirement_entry import Entry
from migrate_cli.convert.requirement_files import entries
from migrate_cli.convert.stack import serves_the_site, uses_stack, uwsgi_modules
from migrate_cli.convert.syntax import dotted_name

RULE = "finish_requirements"
_OLD = frozenset({"uwsgi", "gevent", "greenlet"})
_PROCESSES = ("*.ini", "*.conf", "*.service", "Procfile*", "*.yml", "*.yaml", "*.sh", "Dockerfile*")

EXAMPLE = Example(
    {"requirements.txt": "django-notifs==4.0.0\ngevent==26.9.0  # sockets\nuWSGI==2.0.31\n"},
    {"requirements.txt": "django-notifs==4.0.0\n"},
)


@rule(
    title="uWSGI and gevent are required no more",
    follows="docs/convert.md; pika stays, for wsmigrate needs it",
    example=EXAMPLE,
    phase=Phase.FINISH,
)
def examine(project: Project) -> Iterator[Finding]:
    """Unless something else of the project uses them: code that imports them, or a process that is
    not the old server."""
    if not uses_stack(project):
        return
    for entry in entries(project):
        if entry.name not in _OLD:
            continue
        what = f"{entry.name} served the old server only."
        if used := _use(project):
            what = f"{entry.name} is used by {used} too: decide for yourself whether it stays."
            yield Finding(RULE, entry.path, entry.line, what, Safety.NOTE)
        elif entry.fixed or entry.form in {"string", "subtable"}:
            yield Finding(RULE, entry.path, entry.line, what + " Take it out.", Safety.BY_HAND)
        else:
            edits = (_removed(project, entry),)
            yield Finding(RULE, entry.path, entry.line, what, Safety.SAFE, edits)


def _use(project: Project) -> str:
    """A file that uses uWSGI or gevent for something else; "" for none."""
    old = {source.path for source in uwsgi_modules(project) if not serves_the_site(source)}
    for source in project.sources.values():
        names = {
            alias.evaluated_name.partition(".")[0]
            for statement in source.of_type(cst.Import)
            for alias in statement.names
        } | {
            dotted_name(statement.module).partition(".")[0]
            for statement in source.of_type(cst.ImportFrom)
            if statement.module is not None and not statement.relative
        }
        if names & {"gevent", "uwsgi"} and source.path not in old:
            return source.path
    for path in project.paths(*_PROCESSES):
        if path in old_inis(project) or "uwsgi" not in project.text(path):
            continue
        if any(
            "uwsgi" in line and not line.lstrip().startswith("#") and not _is_old(project, line)
            for line in project.text(path).splitlines()
        ):
            return path
    return ""


def _is_old(project: Project, line: str) -> bool:
    return starts_old_server(project, line)


def _removed(project: Project, entry: Entry) -> Edit:
    text = project.text(entry.path)
    start = max(text.rfind("\n", 0, entry.name_span[0]), text.rfind("\r", 0, entry.name_span[0]))
    return Edit(start + 1, end_of_line(text, entry.end), "")
