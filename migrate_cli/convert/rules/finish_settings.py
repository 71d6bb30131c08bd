"""The settings know the channel layer only."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings, family
from migrate_cli.convert.python_source import string_value
from migrate_cli.convert.registry import Example, Phase, rule
from migrate_cli.convert.settings_module import Assignment, SettingsModule
from migrate_cli.convert.settings_values import dict_entries
from migrate_cli.convert.wording import in_style, quoted

RULE = "finish_settings"
_OLD = "NOTIFICATIONS_RABBIT_MQ_URL"

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
import os

INSTALLED_APPS = ["notifications"]
NOTIFICATIONS_RABBIT_MQ_URL = os.environ["RABBIT_URL"]
WSMIGRATE = {"AMQP_URL": NOTIFICATIONS_RABBIT_MQ_URL}
"""
    },
    {
        "chatire/settings.py": """\
import os

INSTALLED_APPS = ["notifications"]
WSMIGRATE = {"NOTIFY_BACKEND": "channels"}
"""
    },
)


@rule(
    title="The settings name no broker",
    follows="docs/settings.md, NOTIFY_BACKEND: with `channels` nothing is published to RabbitMQ",
    example=EXAMPLE,
    phase=Phase.FINISH,
)
def examine(project: Project) -> Iterator[Finding]:
    """AMQP_URL gives way to NOTIFY_BACKEND, and the key that django-notifs 2 read goes, if nothing
    else reads it."""
    for base in concerned_settings(project):
        modules = family(project, base)
        holders = [one for one in modules if "WSMIGRATE" in one.assignments]
        for module in holders:
            for one in module.assignments["WSMIGRATE"]:
                yield from _wsmigrate(module, one)
        if not holders:
            code = 'WSMIGRATE = {"NOTIFY_BACKEND": "channels"}'
            edit = base.source.appended(*in_style(base.source, code))
            what = "notify() has to publish to the channel layer: RabbitMQ has no listeners."
            yield Finding(RULE, base.path, 1, what, Safety.SAFE, (edit,))
        for module in modules:
            for one in module.assignments.get(_OLD, ()):
                yield _old_key(project, module, one)


def _wsmigrate(module: SettingsModule, one: Assignment) -> Iterator[Finding]:
    source = module.source
    entries = dict_entries(one.value)
    backend = entries.get("NOTIFY_BACKEND")
    line = source.line(one.statement)
    what = "notify() has to publish to the channel layer: RabbitMQ has no listeners any more."
    if not isinstance(one.value, cst.Dict):
        yield Finding(RULE, module.path, line, what, Safety.BY_HAND)
        return
    new = f"{quoted(source, 'NOTIFY_BACKEND')}: {quoted(source, 'channels')}"
    broker = entries.get("AMQP_URL")
    edits: list[Edit] = []
    if backend is None and broker is not None:
        start, end = source.span(broker.key)[0], source.span(broker.value)[1]
        edits.append(Edit(start, end, new))
    elif backend is None:
        at = source.span(one.value)[0] + 1
        edits.append(Edit(at, at, new + (", " if one.value.elements else "")))
    elif string_value(backend.value) != "channels":
        edits.append(source.replaced(backend.value, quoted(source, "channels")))
    if edits:
        yield Finding(RULE, module.path, line, what, Safety.SAFE, tuple(edits))


def _old_key(project: Project, module: SettingsModule, one: Assignment) -> Finding:
    source = module.source
    line = source.line(one.statement)
    readers = sorted(
        other.path
        for other in project.sources.values()
        for node in other.of_type(cst.Attribute)
        if node.attr.value == _OLD
    )
    what = f"{_OLD} is read by nothing of wsmigrate or django-notifs any more."
    if readers or len(one.statement.body) > 1:
        what += f" It is read by {', '.join(dict.fromkeys(readers))}."
        return Finding(RULE, module.path, line, what, Safety.BY_HAND)
    edits = (Edit(*source.lines_of(one.statement), ""),)
    return Finding(RULE, module.path, line, what, Safety.SAFE, edits)
