"""systemd has units for the new server and the bridge beside that of the old one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from migrate_cli.convert.deployment import WHAT, beside, starts_old_server
from migrate_cli.convert.findings import Edit, Effect, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import line_at
from migrate_cli.convert.registry import Example, rule

RULE = "deploy_systemd"
_REST = r"(?:\\\r?\n|[^\r\n])"  # a line that ends with a backslash goes on
START = re.compile(rf"^(?P<key>ExecStart[ \t]*=[ \t]*)(?P<command>{_REST}+)", re.MULTILINE)
_TITLE = re.compile(r"^(Description[ \t]*=[ \t]*)([^\r\n]*)", re.MULTILINE)
_OTHER_COMMANDS = re.compile(rf"^Exec(?:Reload|Stop|StartPre){_REST}*(?:\r?\n|$)", re.MULTILINE)
_READY = re.compile(r"^(Type[ \t]*=[ \t]*)notify", re.MULTILINE)

EXAMPLE = Example(
    {
        "deploy/ws.service": """\
[Unit]
Description=WebSockets

[Service]
ExecStart=/srv/env/bin/uwsgi --http :8080 --module websocket
WorkingDirectory=/srv/site
Type=notify
""",
        "websocket.py": "import uwsgi\n\nuwsgi.websocket_handshake()\n",
        "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")\n',
    },
    {
        "deploy/ws-channels.service": """\
[Unit]
Description=WebSockets (the new server)

[Service]
ExecStart=/srv/env/bin/wsmigrate serve --settings chatire.settings --host 0.0.0.0 --port 8001
WorkingDirectory=/srv/site
Type=simple
""",
        "deploy/ws-bridge.service": """\
[Unit]
Description=WebSockets (the bridge)

[Service]
ExecStart=/srv/env/bin/wsmigrate bridge run --settings chatire.settings
WorkingDirectory=/srv/site
Type=simple
""",
    },
)


@rule(
    title="systemd",
    follows="docs/install.md, Processes; systemd.service(5)",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """New units beside the old one, which stays."""
    for path in project.paths("*.service"):
        text = project.text(path)
        start = START.search(text)
        if start is None or not starts_old_server(project, start["command"]):
            continue
        new = beside(project, start["command"])
        for name, run, title in (
            ("channels", new.serve, "the new server"),
            ("bridge", new.bridge, "the bridge"),
        ):
            unit = PurePosixPath(path)
            target = unit.with_name(f"{unit.stem}-{name}.service").as_posix()
            if target in project.files:
                continue
            made = START.sub(partial(_command, run), text)
            made = _TITLE.sub(rf"\1\2 ({title})", made)
            made = _READY.sub(r"\1simple", _OTHER_COMMANDS.sub("", made))
            yield Finding(
                *(RULE, target, line_at(text, start.start()), f"{path}: {WHAT}", Safety.SAFE),
                edits=(Edit(0, 0, made),),
                effect=Effect.CREATE,
            )


def _command(run: str, old: re.Match[str]) -> str:
    return old["key"] + run
