"""URLs, context processor and related name of django-notifs 2 that are gone."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_notifs

RULE = "notifs_removed"
_MODULES = {
    "notifications.urls": "the URLs of django-notifs are gone since 3.0",
    "notifications.views": "the views of django-notifs are gone since 3.0",
    "notifications.notifications.notifications": "the context processor is gone since 3.0",
}
_QUERIES = frozenset(
    {"all", "all_read", "all_unread", "count", "create", "exclude", "exists", "filter", "first"}
    | {"get", "last", "order_by", "update", "values", "delete"}
)

EXAMPLE = Example(
    {
        "chat/urls.py": """\
from django.urls import include, path

urlpatterns = [
    path("notifications/", include("notifications.urls", namespace="notifications")),
    path("chat/", include("chat.urls")),
]
"""
    },
    {
        "chat/urls.py": """\
from django.urls import include, path

urlpatterns = [
    path("chat/", include("chat.urls")),
]
"""
    },
    unsafe=True,
)


@rule(
    title="What django-notifs no longer has",
    follows="django-notifs 3.0.0 release notes; 4.0.0 `BaseNotificationModel.recipient`",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """The entry of the list is taken out, and ``.notifications`` of a user is renamed: both only
    with --unsafe, because templates may use them, and other models may have such a name."""
    if not uses_notifs(project):
        return
    for source in project.sources_with("notif"):
        for node in source.of_type(cst.SimpleString):
            text = string_value(node)
            if text in _MODULES:
                yield _entry(source, node, _MODULES[text])
        for attribute in source.of_type(cst.Attribute):
            if attribute.attr.value == "notifications" and _is_query(project, source, attribute):
                what = (
                    "The notifications of a user are `notifs_notifications` since django-notifs 4, "
                    "if this is a user."
                )
                edit = source.replaced(attribute.attr, "notifs_notifications")
                line = source.line(attribute.attr)
                yield Finding(RULE, source.path, line, what, Safety.UNSAFE, (edit,))


def _entry(source: PythonSource, node: cst.SimpleString, reason: str) -> Finding:
    line = source.line(node)
    element = source.enclosing(node, cst.Element)
    literal = source.parent(element) if element is not None else None
    what = f"{string_value(node)}: {reason}; what uses it, templates too, has to do without."
    if element is None or not isinstance(literal, cst.List):
        return Finding(RULE, source.path, line, what, Safety.BY_HAND)
    return Finding(
        *(RULE, source.path, line, what, Safety.UNSAFE),
        (element_removed(source, literal, element),),
    )


def element_removed(source: PythonSource, literal: cst.List, element: cst.BaseElement) -> Edit:
    """The edit that takes an element out of a list, with its line where it has one of its own."""
    index = list(literal.elements).index(element)
    start = source.span(element.value)[0]
    if index + 1 < len(literal.elements):
        return Edit(start, source.span(literal.elements[index + 1].value)[0], "")
    end = source.span(element)[1]
    if index > 0:
        return Edit(source.span(literal.elements[index - 1].value)[1], end, "")
    return Edit(start, end, "")


def _is_query(project: Project, source: PythonSource, attribute: cst.Attribute) -> bool:
    outer = source.parent(attribute)
    return (
        isinstance(outer, cst.Attribute)
        and outer.attr.value in _QUERIES
        and not project.name_of(source, attribute)
    )
