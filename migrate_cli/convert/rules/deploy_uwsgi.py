"""Configurations of uWSGI, scripts and Dockerfiles that start the old server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from migrate_cli.convert.deployment import (
    WHAT,
    beside,
    is_converted,
    logical_lines,
    old_inis,
    starts_old_server,
)
from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import line_at
from migrate_cli.convert.registry import Example, rule

RULE = "deploy_uwsgi"
_COMMANDS = ("entrypoint", "command", "args", "cmd", "run", "script", "shell")

EXAMPLE = Example(
    {
        "uwsgi.ini": "[uwsgi]\nhttp = :8080\nmodule = websocket\ngevent = 100\n",
        "websocket.py": "import uwsgi\n\nuwsgi.websocket_handshake()\n",
    },
    {},
)


SCRIPTS = ("*.sh", "*.bash", "Dockerfile*", "*.dockerfile", "Makefile*", "*.mk", "justfile*")


@rule(
    title="uWSGI's configuration, scripts, Dockerfiles, manifests",
    follows="docs/install.md, Processes",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Noted, with the two commands to run beside it: neither is uWSGI's to start. So are Makefiles,
    and YAML that is not Docker Compose's (Kubernetes, Ansible, CI)."""
    for path in old_inis(project):
        yield _note(project, path, 1, "uwsgi")
    for path in scripts(project):
        text = project.text(path)
        if is_converted(text):
            continue
        for at, line in logical_lines(text):
            if not line.lstrip().startswith("#") and starts_old_server(project, line):
                yield _note(project, path, line_at(text, at), line)
                break
    for path in manifests(project):
        if not is_converted(project.text(path)):
            for number, command in commands_in_yaml(project.text(path)):
                if starts_old_server(project, command):
                    yield _note(project, path, number, command)
                    break


def scripts(project: Project) -> list[str]:
    """Files of lines that a shell, Docker or make reads."""
    named = project.paths(*SCRIPTS)
    return named + [
        path
        for path in project.files
        if "." not in path.rpartition("/")[2]
        and path not in named
        and not path.rpartition("/")[2].startswith(("Procfile", "Pipfile"))
    ]


def manifests(project: Project) -> list[str]:
    """YAML that may start processes, and has rules of its own neither for Docker Compose nor for
    uWSGI."""
    others = {*project.paths("*compose*.yml", "*compose*.yaml"), *old_inis(project)}
    return [
        path
        for path in project.paths("*.yml", "*.yaml")
        if path not in others and "uwsgi" in project.text(path)
    ]


def commands_in_yaml(text: str) -> Iterator[tuple[int, str]]:
    """The line and the command of every mapping with ``command``, ``args`` and the like, of all
    documents. What is no YAML (a template, say) is read by lines."""
    try:
        documents = list(YAML().load_all(text))
    except (YAMLError, ValueError):
        yield from ((number + 1, line) for number, line in enumerate(text.splitlines()))
        return
    todo: list[Any] = list(reversed(documents))
    while todo:
        node = todo.pop()
        if isinstance(node, CommentedMap):
            keys = [key for key in _COMMANDS if key in node]
            if keys:
                command = " ".join(_words(node[key]) for key in keys)
                yield node.lc.key(keys[0])[0] + 1, command
            todo += reversed(list(node.values()))
        elif isinstance(node, list):
            todo += reversed(node)


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _note(project: Project, path: str, line: int, command: str) -> Finding:
    new = beside(project, command)
    what = f"{WHAT} Start `{new.serve}` and `{new.bridge}`."
    return Finding(RULE, path, line, what, Safety.NOTE)
