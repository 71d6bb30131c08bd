"""Classes of django-notifs that have other names or are gone."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.notifs_names import imports_of, moved_name, uses_of
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_notifs
from migrate_cli.convert.wording import quoted

RULE = "notifs_renamed"
_OURS = "channels_ws.notify.channel.WebSocketChannel"
_RENAMED = {
    "notifications.channels.ConsoleChannel": "notifications.channels.ConsoleNotificationChannel",
    "notifications.channels.WebSocketChannel": _OURS,
    "notifications.channels.DjangoWebSocketChannel": _OURS,
    "notifications.channels.channels_websocket.WebSocketChannel": _OURS,
}
_FOR_MIGRATIONS = "notifications.fields.ListField"
_GONE = {
    "notifications.channels.PushNotificationChannel": "is gone in 4.0: use its provider `fcm_web`",
    "notifications.channels.BasicWebSocketChannel": "is gone since 3.0; it published to a queue "
    "for each user, not to a room: publish to a room named after the user",
    "notifications.tasks.send_notification": "is gone in 4.0: the task is `consume`, and notify() "
    "starts it",
    "notifications.backends.utils._send_notification": "is gone in 4.0",
    _FOR_MIGRATIONS: "is for old migrations only since 3.0.5: use JSONField",
}

EXAMPLE = Example(
    {
        "chat/log.py": """\
from notifications.channels import ConsoleChannel

CHANNELS = (ConsoleChannel, "notifications.channels.ConsoleChannel")
"""
    },
    {
        "chat/log.py": """\
from notifications.channels import ConsoleNotificationChannel

CHANNELS = (ConsoleNotificationChannel, "notifications.channels.ConsoleNotificationChannel")
"""
    },
)


@rule(
    title="Classes have new names",
    follows="django-notifs 3.0.0 and 4.0.0 release notes",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Imports, uses and dotted names in strings. A class that is subclassed is listed: what it has
    to define is not the same."""
    if not uses_notifs(project):
        return
    for source in project.sources_with("notif"):
        yield from _strings(source)
        for old, new in _RENAMED.items():
            yield from _renamed(project, source, old, new)
        for old, reason in _GONE.items():
            if old == _FOR_MIGRATIONS and "/migrations/" in f"/{source.path}":
                continue
            places = [one for one, _ in imports_of(project, source, old)]
            for place in places or uses_of(project, source, old):
                what = f"{old} {reason}."
                yield Finding(RULE, source.path, source.line(place), what, Safety.BY_HAND)


def _renamed(project: Project, source: PythonSource, old: str, new: str) -> Iterator[Finding]:
    moved = moved_name(project, source, old, new)
    if moved is None:
        return
    line = source.line(moved.place)
    what = f"{old} is {new} now."
    subclassed = any(
        isinstance(arg := source.parent(use), cst.Arg)
        and isinstance(of := source.parent(arg), cst.ClassDef)
        and arg in of.bases
        for use in moved.uses
    )
    if subclassed or moved.problem:
        what += " It is subclassed here, and has other methods now (build_payload)."
        yield Finding(RULE, source.path, line, what, Safety.BY_HAND)
    elif edits := moved.all_edits(source):
        yield Finding(RULE, source.path, line, what, Safety.SAFE, edits)


def _strings(source: PythonSource) -> Iterator[Finding]:
    for node in source.of_type(cst.SimpleString):
        text = string_value(node)
        if text in _RENAMED:
            what = f"{text} is {_RENAMED[text]} now."
            edit = source.replaced(node, quoted(source, _RENAMED[text]))
            yield Finding(RULE, source.path, source.line(node), what, Safety.SAFE, (edit,))
        elif text in _GONE:
            what = f"{text} {_GONE[text]}."
            yield Finding(RULE, source.path, source.line(node), what, Safety.BY_HAND)
