"""WSMIGRATE names the broker that the project uses."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.broker_url import BrokerUrl, broker_urls
from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings, family, is_lacking
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.wording import in_style

RULE = "settings_wsmigrate"
_OLD = "NOTIFICATIONS_RABBIT_MQ_URL"
_DEFAULTS = frozenset({"amqp://guest:guest@localhost:5672/%2F"})

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
import os

INSTALLED_APPS = ["notifications"]
NOTIFICATIONS_RABBIT_MQ_URL = os.environ["RABBIT_URL"]
"""
    },
    {
        "chatire/settings.py": """\
import os

INSTALLED_APPS = ["notifications"]
NOTIFICATIONS_RABBIT_MQ_URL = os.environ["RABBIT_URL"]

WSMIGRATE = {"AMQP_URL": NOTIFICATIONS_RABBIT_MQ_URL}
"""
    },
)


@rule(
    title="`WSMIGRATE` names the broker",
    follows="docs/settings.md, AMQP_URL; django-notifs 3.0.0 took NOTIFICATIONS_RABBIT_MQ_URL away",
    example=EXAMPLE,
    order=36,
)
def examine(project: Project) -> Iterator[Finding]:
    """From NOTIFICATIONS_RABBIT_MQ_URL, which stays while old code reads it, else from what the
    project's pika code connects to. Nothing is set where that is the default."""
    for base in concerned_settings(project):
        modules = family(project, base)
        if not is_lacking(project, base, "WSMIGRATE"):
            continue
        yield from _for_site(project, base, modules)


def _for_site(
    project: Project, base: SettingsModule, modules: list[SettingsModule]
) -> Iterator[Finding]:
    for module in modules:
        if _OLD in module.assignments:
            yield _finding(module, BrokerUrl(_OLD, "", frozenset()))
            return
    urls = broker_urls(project)
    known = {one.code for one in urls if one.code}
    if len(known) == 1 and all(one.code for one in urls):
        (url,) = (one for one in urls[:1])
        names = {name for one in modules for name in one.assignments}
        if url.plain in _DEFAULTS:
            return
        if url.settings <= names:
            home = base if all(base.knows(name) for name in url.settings) else modules[0]
            yield _finding(home, url)
            return
    if urls:
        what = (
            "Where RabbitMQ is cannot be told from the code. Set WSMIGRATE['AMQP_URL'], or "
            "WSMIGRATE_AMQP_URL in the environment."
        )
        yield Finding(RULE, base.path, 1, what, Safety.BY_HAND)


def _finding(module: SettingsModule, url: BrokerUrl) -> Finding:
    source = module.source
    what = "WSMIGRATE has to name the broker, for the new server, the bridge and the publisher."
    places = module.assignments.get(_OLD, [])
    line = source.line(places[-1].statement) if places else 1
    edits = [source.appended(*in_style(source, f'WSMIGRATE = {{"AMQP_URL": {url.code}}}'))]
    if "os." in url.code and not _imports_os(module):
        edits.insert(0, source.import_added("import os"))
    return Finding(RULE, module.path, line, what, Safety.SAFE, tuple(edits))


def _imports_os(module: SettingsModule) -> bool:
    return any(
        alias.evaluated_name == "os" and alias.asname is None
        for statement in module.source.of_type(cst.Import)
        for alias in statement.names
    )
