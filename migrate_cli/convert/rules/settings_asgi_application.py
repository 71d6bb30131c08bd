"""ASGI_APPLICATION names the application with the WebSockets."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.asgi_place import asgi_place
from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings, family, is_lacking
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.wording import in_style, quoted

RULE = "settings_asgi_application"

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications"]
WSGI_APPLICATION = "chatire.wsgi.application"
""",
        "chatire/wsgi.py": "",
    },
    {
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications"]
WSGI_APPLICATION = "chatire.wsgi.application"
ASGI_APPLICATION = "chatire.asgi.application"
"""
    },
)


@rule(
    title="`ASGI_APPLICATION` is set",
    follows="Channels, Installation; docs/install.md",
    example=EXAMPLE,
    order=20,
)
def examine(project: Project) -> Iterator[Finding]:
    """Beside WSGI_APPLICATION where that is, else at the end. One that is set stays."""
    for base in concerned_settings(project):
        modules = family(project, base)
        if not is_lacking(project, base, "ASGI_APPLICATION"):
            continue
        place = asgi_place(project, base)
        what = "ASGI_APPLICATION has to name the application that serves the WebSockets."
        if place is None:
            what += " No wsgi.py and no ROOT_URLCONF tells where it belongs."
            yield Finding(RULE, base.path, 1, what, Safety.BY_HAND)
            continue
        yield _finding(base, modules, place.application, what)


def _finding(
    base: SettingsModule, modules: list[SettingsModule], application: str, what: str
) -> Finding:
    for one in modules:
        for beside in one.assignments.get("WSGI_APPLICATION", ()):
            source = one.source
            at = source.lines_of(beside.statement)[1]
            if len(beside.statement.body) == 1 and not source.indent(beside.statement):
                lead = "" if source.text[at - 1] in "\r\n" else source.newline
                line = f"{lead}ASGI_APPLICATION = {quoted(source, application)}{source.newline}"
                where = source.line(beside.statement)
                return Finding(RULE, one.path, where, what, Safety.SAFE, (Edit(at, at, line),))
    edit = base.source.appended(*in_style(base.source, f'ASGI_APPLICATION = "{application}"'))
    return Finding(RULE, base.path, 1, what, Safety.SAFE, (edit,))
