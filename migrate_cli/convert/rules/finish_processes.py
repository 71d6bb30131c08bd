"""The old server and the bridge are started no more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from migrate_cli.convert.deployment import (
    logical_lines,
    old_inis,
    starts_old_server,
    starts_the_site,
)
from migrate_cli.convert.findings import Edit, Effect, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import end_of_line, line_at
from migrate_cli.convert.registry import Example, Phase, rule
from migrate_cli.convert.rules.deploy_compose import command_of, end_of_block
from migrate_cli.convert.rules.deploy_systemd import START
from migrate_cli.convert.rules.deploy_uwsgi import commands_in_yaml, manifests, scripts

RULE = "finish_processes"
_PROCFILE_LINE = re.compile(r"^[\w-]+:[ \t]*(?P<command>[^\r\n]+)", re.MULTILINE)
_SECTION = re.compile(
    r"^\[program:[^\]\r\n]+\][^\r\n]*(?:\r?\n(?!\[)[^\r\n]*)*(?:\r?\n|$)", re.MULTILINE
)
_WHAT = "The old server is retired: neither it nor the bridge is to be started any more."
_WHAT_OF_SITE = (
    "The old server is retired. This starts the site's WSGI application too, so it stays: take out "
    "what only the WebSockets needed (gevent, http-websockets)."
)

EXAMPLE = Example(
    {
        "Procfile": "web: gunicorn chatire.wsgi\nws: uwsgi --http :8080 --module websocket\n"
        "channels: wsmigrate serve --port 8001\nbridge: wsmigrate bridge run\n",
        "websocket.py": "import uwsgi\n\nuwsgi.websocket_handshake()\n",
    },
    {"Procfile": "web: gunicorn chatire.wsgi\nchannels: wsmigrate serve --port 8001\n"},
)


@rule(
    title="The old server and the bridge are not started",
    follows="docs/convert.md: at the stage `retired` the bridge is off",
    example=EXAMPLE,
    phase=Phase.FINISH,
    order=40,
)
def examine(project: Project) -> Iterator[Finding]:
    """In Procfile, supervisord, Docker Compose and systemd; uWSGI's configuration of the old server
    goes as a file. Scripts, Dockerfiles and manifests are listed, and so is what starts the
    site's WSGI application too."""
    for path in project.paths("Procfile*"):
        text = project.text(path)
        for found in _PROCFILE_LINE.finditer(text):
            if _is_over(project, found["command"]):
                place = found.start(), end_of_line(text, found.end())
                yield _edit(project, path, found["command"], *place)
    for path in project.paths("*.conf", "*.ini"):
        for found in _SECTION.finditer(project.text(path)):
            if _is_over(project, found[0]):
                yield _edit(project, path, found[0], found.start(), found.end())
    for path in project.paths("*.service"):
        for found in START.finditer(project.text(path)):
            if _is_over(project, found["command"]):
                yield _file(project, path, found["command"])
    for path in old_inis(project):
        yield _file(project, path, path)
    for path in project.paths("*compose*.yml", "*compose*.yaml"):
        yield from _compose(project, path)
    yield from _listed(project)


def _listed(project: Project) -> Iterator[Finding]:
    for path in scripts(project):
        text = project.text(path)
        for at, line in logical_lines(text):
            if not line.lstrip().startswith("#") and _is_over(project, line):
                yield Finding(RULE, path, line_at(text, at), _WHAT, Safety.BY_HAND)
    for path in manifests(project):
        for number, command in commands_in_yaml(project.text(path)):
            if _is_over(project, command):
                yield Finding(RULE, path, number, _WHAT, Safety.BY_HAND)


def _is_over(project: Project, command: str) -> bool:
    return "wsmigrate bridge" in command or starts_old_server(project, command)


def _edit(project: Project, path: str, command: str, start: int, end: int) -> Finding:
    line = line_at(project.text(path), start)
    if starts_the_site(project, command):
        return Finding(RULE, path, line, _WHAT_OF_SITE, Safety.BY_HAND)
    return Finding(RULE, path, line, _WHAT, Safety.SAFE, (Edit(start, end, ""),))


def _file(project: Project, path: str, command_or_ini: str) -> Finding:
    if starts_the_site(project, command_or_ini):
        return Finding(RULE, path, 1, _WHAT_OF_SITE, Safety.BY_HAND)
    return Finding(RULE, path, 1, _WHAT, Safety.SAFE, effect=Effect.DELETE)


def _compose(project: Project, path: str) -> Iterator[Finding]:
    text = project.text(path)
    if not _is_over(project, text) and "uwsgi" not in text:
        return
    try:
        data = YAML().load(text)
    except (YAMLError, ValueError):
        yield Finding(RULE, path, 1, _WHAT + " The file cannot be read.", Safety.BY_HAND)
        return
    services = data.get("services", data) if isinstance(data, CommentedMap) else None
    if not isinstance(services, CommentedMap):
        return
    lines = text.split("\n")
    for name, service in services.items():
        if not isinstance(service, CommentedMap) or not _is_over(project, command_of(service)):
            continue
        first = services.lc.key(name)[0]
        wanted = sorted(one for one, other in services.items() if _depends(other, name))
        if services.fa.flow_style() or wanted:
            why = f" Other services depend on it: {', '.join(wanted)}." if wanted else ""
            yield Finding(RULE, path, first + 1, _WHAT + why, Safety.BY_HAND)
            continue
        last = end_of_block(lines, first)
        start, end = (sum(len(line) + 1 for line in lines[:at]) for at in (first, last))
        yield _edit(project, path, command_of(service), start, min(end, len(text)))


def _depends(service: object, name: str) -> bool:
    return isinstance(service, CommentedMap) and name in (service.get("depends_on") or ())
