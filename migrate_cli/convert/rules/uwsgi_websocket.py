"""The module that serves WebSockets by uWSGI is kept for the cutover, and marked."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, is_docstring
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import serves_the_site, uwsgi_modules, websocket_calls

RULE = "uwsgi_websocket"
MARK = "# wsmigrate: the old server. Keep it for the cutover; `convert --finish` removes it."
MARK_IN_SITE = (
    "# wsmigrate: the old server is in here. Keep it for the cutover; then take the WebSockets out."
)

EXAMPLE = Example(
    {
        "websocket.py": """\
\"\"\"Sends what is published to a room.\"\"\"

import uwsgi


def application(env, start_response):
    uwsgi.websocket_handshake()
"""
    },
    {
        "websocket.py": f"""\
\"\"\"Sends what is published to a room.\"\"\"

{MARK}
import uwsgi


def application(env, start_response):
    uwsgi.websocket_handshake()
"""
    },
)


@rule(
    title="uWSGI's WebSocket module is marked",
    follows="docs/convert.md: both servers run during the cutover",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Found by its use of ``uwsgi.websocket_*``. Nothing but a comment is added. It says so where
    the module is the site's WSGI application too, which `convert --finish` leaves alone."""
    for source in uwsgi_modules(project):
        if MARK in source.text or MARK_IN_SITE in source.text:
            continue
        line = source.line(websocket_calls(source)[0])
        what = "This serves WebSockets by uWSGI: it is to go on until the cutover is over."
        yield Finding(RULE, source.path, line, what, Safety.SAFE, (_mark(source),))


def _mark(source: PythonSource) -> Edit:
    mark = MARK_IN_SITE if serves_the_site(source) else MARK
    for statement in source.module.body:
        if not is_docstring(statement):
            at = source.lines_of(statement)[0]
            return Edit(at, at, mark + source.newline)
    return source.appended(mark)
