"""WebSocket URLs that are written out in the frontend."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate_cli.convert.files import is_frontend
from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import line_at
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_stack

RULE = "frontend_urls"
_URL = re.compile(r"\bwss?://[^\s\"'`<>)]*")
_MAX_LINE = 2000  # longer ones are minified

EXAMPLE = Example(
    {"frontend/chat.js": "const socket = new WebSocket('ws://localhost:8080/' + uri)\n"}, {}
)


@rule(
    title="WebSocket URLs in the frontend",
    follows="docs/convert.md: the frontend stays as it is; the front door takes the old address",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Noted, never touched: whoever sets up the front door has to know them."""
    if not uses_stack(project):
        return
    for path, one in project.files.items():
        if not is_frontend(path):
            continue
        for found in _URL.finditer(one.text):
            start = one.text.rfind("\n", 0, found.start()) + 1
            end = one.text.find("\n", found.end())
            if (end if end >= 0 else len(one.text)) - start > _MAX_LINE:
                continue
            what = f"The frontend opens {found[0]} here: the front door has to answer there."
            yield Finding(RULE, path, line_at(one.text, found.start()), what, Safety.NOTE)
