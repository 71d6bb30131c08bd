"""The packages of the new server are required."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.package_table import NEEDED, PACKAGES
from migrate_cli.convert.project import Project
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.requirement_entry import Entry
from migrate_cli.convert.requirement_files import added_behind, entries
from migrate_cli.convert.stack import uses_stack

RULE = "requirements_additions"
WSMIGRATE = "wsmigrate[server,bridge,cli]"

EXAMPLE = Example(
    {"requirements.txt": "django-notifs==4.0.0  # rooms\npika==1.4.4\n"},
    {
        "requirements.txt": "django-notifs==4.0.0  # rooms\n"
        "channels==4.3.2\n"
        "channels-postgres==1.1.4\n"
        "psycopg[binary,pool]==3.3.9\n"
        "uvicorn==0.54.0\n"
        "wsmigrate[server,bridge,cli]\n"
        "pika==1.4.4\n"
    },
)


@rule(
    title="The new server's packages",
    follows="docs/install.md, Packages",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Behind django-notifs, or Django where that is missing, in the same form."""
    if not uses_stack(project):
        return
    found = entries(project)
    have = {one.name for one in found}
    wanted = [name for name in (*NEEDED, WSMIGRATE) if name.partition("[")[0] not in have]
    anchor = _anchor(found)
    if not wanted:
        return
    what = f"The new server needs {', '.join(wanted)}."
    if anchor is None:
        path = found[0].path if found else "requirements.txt"
        what += " Add them where this project keeps its requirements."
        safety = Safety.BY_HAND if found else Safety.NOTE  # they may be kept outside of the folder
        yield Finding(RULE, path, found[0].line if found else 1, what, safety)
        return
    exact = anchor.is_exact or anchor.spec.startswith(("^", "~"))
    specs = [(name, _spec(name.partition("[")[0], exact=exact)) for name in wanted]
    edit = added_behind(project, anchor, specs)
    yield Finding(RULE, anchor.path, anchor.line, what, Safety.SAFE, (edit,))


def _anchor(found: tuple[Entry, ...]) -> Entry | None:
    for name in ("django-notifs", "django"):
        for entry in found:
            if entry.name == name and entry.can_be_followed:
                return entry
    return None


def _spec(name: str, *, exact: bool) -> str:
    known = PACKAGES.get(name)
    if known is None:
        return ""
    return f"=={known.pin}" if exact else known.range
