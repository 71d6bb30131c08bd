"""supervisord runs the new server and the bridge beside the old one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from migrate_cli.convert.deployment import WHAT, beside, is_converted, starts_old_server
from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import line_at, newline_of
from migrate_cli.convert.registry import Example, rule

RULE = "deploy_supervisor"
_SECTION = re.compile(
    r"^\[program:(?P<name>[^\]\r\n]+)\][^\r\n]*(?P<body>(?:\r?\n(?!\[)[^\r\n]*)*)", re.MULTILINE
)
_COMMAND = re.compile(
    r"^(?P<key>command[ \t]*=[ \t]*)(?P<command>[^\r\n]+(?:\r?\n[ \t]+[^\r\n]+)*)", re.MULTILINE
)
_OWN = re.compile(
    r"^(?:stdout_logfile|stderr_logfile|numprocs|numprocs_start|process_name)[ \t]*=[^\r\n]*"
    r"(?:\r?\n|$)",
    re.MULTILINE,
)
"""Files and numbers of the old server's processes: two servers cannot have one port."""

EXAMPLE = Example(
    {
        "deploy/supervisor.conf": """\
[program:ws]
command=/srv/env/bin/uwsgi --http :8080 --module websocket
directory=/srv/site
autorestart=true
""",
        "websocket.py": "import uwsgi\n\nuwsgi.websocket_handshake()\n",
        "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")\n',
    },
    {
        "deploy/supervisor.conf": """\
[program:ws]
command=/srv/env/bin/uwsgi --http :8080 --module websocket
directory=/srv/site
autorestart=true

[program:channels]
command=/srv/env/bin/wsmigrate serve --settings chatire.settings --host 0.0.0.0 --port 8001
directory=/srv/site
autorestart=true

[program:bridge]
command=/srv/env/bin/wsmigrate bridge run --settings chatire.settings
directory=/srv/site
autorestart=true
"""
    },
)


@rule(
    title="supervisord",
    follows="docs/install.md, Processes; Supervisor, Configuration file",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Sections with the folder, user and environment of the old server's, without its log files
    and its number of processes."""
    for path in project.paths("*.conf", "*.ini"):
        text = project.text(path)
        if "[program:" not in text or is_converted(text):
            continue
        for section in _SECTION.finditer(text):
            command = _COMMAND.search(section["body"])
            if command is not None and starts_old_server(project, command["command"]):
                line = line_at(text, section.start())
                edits = (_added(project, text, section, command["command"]),)
                yield Finding(RULE, path, line, WHAT, Safety.SAFE, edits)
                break


def _added(project: Project, text: str, section: re.Match[str], command: str) -> Edit:
    new, newline = beside(project, command), newline_of(text)
    body = _OWN.sub("", section["body"]).rstrip()
    pieces = [
        f"[program:{name}]" + _COMMAND.sub(partial(_command, run), body)
        for name, run in (("channels", new.serve), ("bridge", new.bridge))
    ]
    at = section.start("body") + len(section["body"].rstrip())
    return Edit(at, at, "".join(f"{newline}{newline}{piece}" for piece in pieces))


def _command(run: str, old: re.Match[str]) -> str:
    return old["key"] + run
