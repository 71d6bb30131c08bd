"""Configurations of uWSGI, scripts and Dockerfiles that start the old server."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.deployment import (
    WHAT,
    beside,
    is_converted,
    old_inis,
    starts_old_server,
)
from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import line_at
from migrate_cli.convert.registry import Example, rule

RULE = "deploy_uwsgi"

EXAMPLE = Example(
    {
        "uwsgi.ini": "[uwsgi]\nhttp = :8080\nmodule = websocket\ngevent = 100\n",
        "websocket.py": "import uwsgi\n\nuwsgi.websocket_handshake()\n",
    },
    {},
)


@rule(
    title="uWSGI's configuration, scripts, Dockerfiles",
    follows="docs/install.md, Processes",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Noted, with the two commands to run beside it: neither is uWSGI's to start."""
    for path in old_inis(project):
        yield _note(project, path, 1, "uwsgi")
    for path in project.paths("*.sh", "Dockerfile*"):
        text = project.text(path)
        if is_converted(text):
            continue
        at = 0
        for line in text.split("\n"):
            if not line.lstrip().startswith("#") and starts_old_server(project, line):
                yield _note(project, path, line_at(text, at), line)
                break
            at += len(line) + 1


def _note(project: Project, path: str, line: int, command: str) -> Finding:
    new = beside(project, command)
    what = f"{WHAT} Start `{new.serve}` and `{new.bridge}`."
    return Finding(RULE, path, line, what, Safety.NOTE)
