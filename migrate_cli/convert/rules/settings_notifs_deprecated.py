"""Settings of django-notifs 2 that have no effect any more, and what stood for them."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings, family, is_lacking
from migrate_cli.convert.python_source import string_value
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import Assignment, SettingsModule
from migrate_cli.convert.wording import in_style

RULE = "settings_notifs_deprecated"
_GONE = {
    "NOTIFICATIONS_USE_WEBSOCKET": "has no effect since django-notifs 3.0",
    "NOTIFICATIONS_PAGINATE_BY": "has no effect since django-notifs 3.0, which has no views",
}
_BACKEND = "NOTIFICATIONS_DELIVERY_BACKEND"
_QUEUE = "NOTIFICATIONS_QUEUE_NAME"
_CELERY = f"""\
# django-notifs 2 sent by Celery, from Celery's own queue; newer ones do so only when told.
{_BACKEND} = "notifications.backends.Celery"
{_QUEUE} = "celery"
"""

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications"]
CELERY_BROKER_URL = "amqp://localhost"
NOTIFICATIONS_USE_WEBSOCKET = True
NOTIFICATIONS_PAGINATE_BY = 20
""",
        "chat/views.py": "from notifications.signals import notify\n",
    },
    {
        "chatire/settings.py": f"""\
INSTALLED_APPS = ["notifications"]
CELERY_BROKER_URL = "amqp://localhost"

{_CELERY}"""
    },
)


@rule(
    title="Settings of django-notifs 2",
    follows="django-notifs 3.0.0 release notes (several settings deprecated; delivery backends)",
    example=EXAMPLE,
    order=34,
)
def examine(project: Project) -> Iterator[Finding]:
    """The keys are taken out. Where Celery is used and django-notifs was of version 2, which always
    sent by Celery, the delivery backend is set so that it still is."""
    for base in concerned_settings(project):
        modules = family(project, base)
        for module in modules:
            for key, reason in _GONE.items():
                for one in module.assignments.get(key, ()):
                    yield _gone(project, module, key, reason, one)
        if is_lacking(project, base, _BACKEND):
            yield from _celery(project, base, modules)


def _gone(
    project: Project, module: SettingsModule, key: str, reason: str, one: Assignment
) -> Finding:
    source = module.source
    what = f"{key} {reason}."
    line = source.line(one.statement)
    used = any(
        isinstance(node, cst.Attribute) and node.attr.value == key
        for other in project.sources_with(key)
        for node in other.of_type(cst.Attribute)
    )
    in_block = not isinstance(source.parent(one.statement), cst.Module)
    if used or in_block or len(one.statement.body) > 1:
        return Finding(RULE, module.path, line, what + " It is used here.", Safety.BY_HAND)
    if key == "NOTIFICATIONS_USE_WEBSOCKET":
        what += " Its channel `websocket` is wsmigrate's now."
    return Finding(
        *(RULE, module.path, line, what, Safety.SAFE),
        edits=(Edit(*source.lines_of(one.statement), ""),),
    )


def _celery(
    project: Project, base: SettingsModule, modules: list[SettingsModule]
) -> Iterator[Finding]:
    uses_celery = any(
        name.startswith("CELERY_") or name == "BROKER_URL"
        for one in modules
        for name in one.assignments
    )
    eager = any(
        isinstance(one.value, cst.Name) and one.value.value == "True"
        for name in ("CELERY_TASK_ALWAYS_EAGER", "CELERY_ALWAYS_EAGER")
        for module in base.chain  # tests of a site that sends by Celery may be eager
        for one in module.assignments.get(name, ())
    )
    if not uses_celery or eager or not _was_version_2(project, modules):
        return
    what = f"django-notifs sends by Celery only where {_BACKEND} says so; version 2 always did."
    edit = base.source.appended(*in_style(base.source, _CELERY))
    yield Finding(RULE, base.path, 1, what, Safety.SAFE, (edit,))


def _was_version_2(project: Project, modules: list[SettingsModule]) -> bool:
    if any(key in one.assignments for key in _GONE for one in modules):
        return True
    return any(
        "notifications.signals" in source.text or "from notifications import signals" in source.text
        for source in project.sources_with("notifications")
    )


def is_true(value: cst.CSTNode) -> bool:
    """Whether a value is not plainly false."""
    return not (isinstance(value, cst.Name) and value.value == "False") and (
        string_value(value) != ""
    )
