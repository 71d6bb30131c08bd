"""Docker Compose runs the new server and the bridge beside the old one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from migrate_cli.convert.deployment import (
    PORT,
    WHAT,
    Beside,
    beside,
    is_converted,
    starts_old_server,
)
from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import newline_of
from migrate_cli.convert.registry import Example, rule

RULE = "deploy_compose"
_KEPT = frozenset(
    {"build", "image", "env_file", "environment", "volumes", "networks", "working_dir"}
    | {"depends_on", "restart", "user", "extra_hosts", "secrets", "configs", "logging", "links"}
)

EXAMPLE = Example(
    {
        "docker-compose.yml": """\
services:
  ws:  # the sockets
    build: .
    command: uwsgi --http :8080 --module websocket
    ports:
      - "8080:8080"
    environment:
      RABBIT_URL: amqp://rabbit
  rabbit:
    image: rabbitmq:3
""",
        "websocket.py": "import uwsgi\n\nuwsgi.websocket_handshake()\n",
        "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")\n',
    },
    {
        "docker-compose.yml": """\
services:
  ws:  # the sockets
    build: .
    command: uwsgi --http :8080 --module websocket
    ports:
      - "8080:8080"
    environment:
      RABBIT_URL: amqp://rabbit
  channels:
    build: .
    environment:
      RABBIT_URL: amqp://rabbit
    command: wsmigrate serve --settings chatire.settings --host 0.0.0.0 --port 8001
    ports:
      - "8001:8001"
  bridge:
    build: .
    environment:
      RABBIT_URL: amqp://rabbit
    command: wsmigrate bridge run --settings chatire.settings
  rabbit:
    image: rabbitmq:3
"""
    },
)


@rule(
    title="Docker Compose",
    follows="docs/install.md, Processes; Compose specification, services",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Services with the image, environment and so on of the old server's, as lines of text: the
    rest of the file stays as it is. What is not in block style is listed."""
    for path in project.paths("*compose*.yml", "*compose*.yaml"):
        text = project.text(path)
        if "uwsgi" in text and not is_converted(text):
            yield from _file(project, path, text)


def _file(project: Project, path: str, text: str) -> Iterator[Finding]:
    try:
        data = YAML().load(text)
    except (YAMLError, ValueError):
        what = "This is no YAML that can be read. If it starts the old server, add the new one."
        yield Finding(RULE, path, 1, what, Safety.BY_HAND)
        return
    services = data.get("services", data) if isinstance(data, CommentedMap) else None
    if not isinstance(services, CommentedMap):
        return
    for name, service in services.items():
        if not isinstance(service, CommentedMap):
            continue
        command = command_of(service)
        if not starts_old_server(project, command):
            continue
        line = services.lc.key(name)[0] + 1
        if service.fa.flow_style() or services.fa.flow_style():
            yield Finding(RULE, path, line, WHAT, Safety.BY_HAND)
        else:
            new = beside(project, command)
            edit = _added(text, services, name, new)
            yield Finding(RULE, path, line, WHAT, Safety.SAFE, (edit,))
        return


def command_of(service: CommentedMap) -> str:
    """What a service runs, in one line."""
    parts: list[str] = []
    for key in ("entrypoint", "command"):
        value: Any = service.get(key, "")
        parts += [str(one) for one in value] if isinstance(value, list) else [str(value)]
    return " ".join(parts)


def _added(text: str, services: CommentedMap, name: str, new: Beside) -> Edit:
    service = services[name]
    newline = newline_of(text)
    lines = text.split("\n")
    start = services.lc.key(name)[0]
    end = end_of_block(lines, start)
    outer = lines[start][: services.lc.key(name)[1]]
    own = service.lc.data  # without the keys that come in by `<<`
    inner = " " * min(place[1] for place in own.values())
    kept = [line for line in lines[start + 1 : end] if line.strip().startswith("<<:")]
    for key, place in own.items():
        if key in _KEPT:
            kept += lines[place[0] : end_of_block(lines, place[0])]
    kept = [line.rstrip("\r") for line in kept]
    ports = [f"{inner}ports:", f'{inner}  - "{PORT}:{PORT}"'] if "ports" in service else []
    block = [f"{outer}channels:", *kept, f"{inner}command: {new.serve}", *ports]
    block += [f"{outer}bridge:", *kept, f"{inner}command: {new.bridge}"]
    at = sum(len(line) + 1 for line in lines[:end])
    lead = newline if at > len(text) else ""
    return Edit(min(at, len(text)), min(at, len(text)), lead + "".join(x + newline for x in block))


def end_of_block(lines: list[str], first: int) -> int:
    """The line after a key's block: the next one with content that is not deeper."""
    depth = len(lines[first]) - len(lines[first].lstrip())
    at = first + 1
    last = at
    while at < len(lines):
        stripped = lines[at].strip()
        inside = len(lines[at]) - len(lines[at].lstrip()) > depth or (
            stripped.startswith("- ") and len(lines[at]) - len(lines[at].lstrip()) == depth
        )
        if stripped and not stripped.startswith("#") and not inside:
            break
        at += 1
        if stripped and not stripped.startswith("#"):
            last = at
    return last
