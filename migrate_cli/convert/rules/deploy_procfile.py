"""A Procfile starts the new server and the bridge beside the old one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate_cli.convert.deployment import WHAT, beside, is_converted, starts_old_server
from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import end_of_line, line_at, newline_of
from migrate_cli.convert.registry import Example, rule

RULE = "deploy_procfile"
_LINE = re.compile(r"^(?P<name>[\w-]+):[ \t]*(?P<command>[^\r\n]+)", re.MULTILINE)

EXAMPLE = Example(
    {
        "Procfile": "web: gunicorn chatire.wsgi\nws: uwsgi --http :8080 --module websocket\n",
        "websocket.py": "import uwsgi\n\nuwsgi.websocket_handshake()\n",
        "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")\n',
    },
    {
        "Procfile": "web: gunicorn chatire.wsgi\nws: uwsgi --http :8080 --module websocket\n"
        "channels: wsmigrate serve --settings chatire.settings --host 0.0.0.0 --port 8001\n"
        "bridge: wsmigrate bridge run --settings chatire.settings\n"
    },
)


@rule(
    title="Procfile",
    follows="docs/install.md, Processes",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Behind the line of the old server."""
    for path in project.paths("Procfile*"):
        text = project.text(path)
        if is_converted(text):
            continue
        for found in _LINE.finditer(text):
            if starts_old_server(project, found["command"]):
                new = beside(project, found["command"])
                at, newline = end_of_line(text, found.end()), newline_of(text)
                lead = "" if text[at - 1] in "\r\n" else newline
                lines = f"{lead}channels: {new.serve}{newline}bridge: {new.bridge}{newline}"
                edits = (Edit(at, at, lines),)
                line = line_at(text, found.start())
                yield Finding(RULE, path, line, WHAT, Safety.SAFE, edits)
                break
