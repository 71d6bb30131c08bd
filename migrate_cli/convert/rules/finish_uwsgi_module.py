"""The module that served WebSockets by uWSGI goes."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Effect, Finding, Safety
from migrate_cli.convert.notifs_names import imported_module
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.registry import Example, Phase, rule
from migrate_cli.convert.stack import serves_the_site, uwsgi_modules, websocket_calls

RULE = "finish_uwsgi_module"

EXAMPLE = Example(
    {
        "websocket.py": """\
# wsmigrate: the old server. Keep it for the cutover; `convert --finish` removes it.
import uwsgi


def application(env, start_response):
    uwsgi.websocket_handshake()
"""
    },
    {"websocket.py": ""},
)


@rule(
    title="The old server's module is removed",
    follows="docs/convert.md: at the stage `retired` nobody uses it",
    example=EXAMPLE,
    phase=Phase.FINISH,
)
def examine(project: Project) -> Iterator[Finding]:
    """The file, if it defines nothing that other modules import, and is not the site's WSGI
    application too."""
    for source in uwsgi_modules(project):
        users = sorted(_users(project, source))
        what = "The old server is retired: this module serves nobody any more."
        if serves_the_site(source):
            line = source.line(websocket_calls(source)[0])
            what = (
                "The old server is retired: take its WebSockets out of here. The module stays, for "
                "it is the site's WSGI application too."
            )
            yield Finding(RULE, source.path, line, what, Safety.BY_HAND)
        elif users:
            what += f" Left alone: it is imported by {', '.join(users)}."
            yield Finding(RULE, source.path, 1, what, Safety.BY_HAND)
        else:
            yield Finding(RULE, source.path, 1, what, Safety.SAFE, effect=Effect.DELETE)


def _users(project: Project, wanted: PythonSource) -> set[str]:
    """The modules that import it or something in it. All modules are asked, not only those that
    concern rules."""
    name = project.module_name(wanted.path)
    leaf = name.rpartition(".")[2]
    found = set()
    for path, one in project.files.items():
        if not path.endswith(".py") or path == wanted.path or leaf not in one.text:
            continue
        source = project.cache.get(path, one.text)
        if source is None:
            found.add(path)
            continue
        for statement in source.of_type(cst.ImportFrom):
            module = imported_module(project, source, statement)
            names = [] if isinstance(statement.names, cst.ImportStar) else statement.names
            if module == name or any(
                f"{module}.{one.evaluated_name}".lstrip(".") == name for one in names
            ):
                found.add(path)
        for plain in source.of_type(cst.Import):
            if any(one.evaluated_name == name for one in plain.names):
                found.add(path)
    return found
