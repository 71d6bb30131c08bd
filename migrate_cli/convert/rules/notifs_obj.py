"""``obj`` of a notification is an object, not its id."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.notify_calls import Argument, arguments, notify_calls
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_notifs

RULE = "notifs_obj"

EXAMPLE = Example(
    {
        "chat/views.py": """\
from notifications.utils import notify


def announce(message):
    notify(source=message.author, obj=message.id, channels=["websocket"], silent=True)
"""
    },
    {
        "chat/views.py": """\
from notifications.utils import notify


def announce(message):
    notify(source=message.author, obj=message, channels=["websocket"], silent=True)
"""
    },
)


@rule(
    title="`obj` is the object itself",
    follows="django-notifs 4.0.0 release notes: `obj` is a GenericForeignKey",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """``x.id`` and ``x.pk`` become ``x``. Any other number is listed, and so is a dictionary that
    goes elsewhere too."""
    if not uses_notifs(project):
        return
    for source in project.sources_with("notif"):
        if "obj" not in source.text:
            continue
        for call in notify_calls(project, source):
            for argument in arguments(source, call):
                if argument.name == "obj":
                    yield from _argument(source, argument)


def _argument(source: PythonSource, argument: Argument) -> Iterator[Finding]:
    value = argument.value
    line = source.line(value)
    what = "django-notifs 4 takes the object itself as `obj`, not its id."
    if isinstance(value, cst.Attribute) and value.attr.value in {"id", "pk"}:
        edit = Edit(source.span(value.value)[1], source.span(value)[1], "")
        if argument.shared:
            what += " The dictionary is used elsewhere too, where the id may be wanted."
        safety = Safety.UNSAFE if argument.shared else Safety.SAFE
        yield Finding(RULE, source.path, line, what, safety, (edit,))
    elif _looks_like_an_id(value):
        yield Finding(RULE, source.path, line, what + " Pass the object.", Safety.BY_HAND)


def _looks_like_an_id(value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.Integer):
        return True
    name = ""
    if isinstance(value, cst.Name):
        name = value.value
    elif isinstance(value, cst.Attribute):
        name = value.attr.value
    elif isinstance(value, cst.Subscript):
        return True
    return name.endswith(("_id", "_pk")) or name in {"id", "pk"}
