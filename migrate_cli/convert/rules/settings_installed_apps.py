"""INSTALLED_APPS names the apps of the new server and of its publisher."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings
from migrate_cli.convert.python_source import string_value
from migrate_cli.convert.rabbit_channels import ROOM_PARAM, room_param
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.settings_values import app_entry, literals_of, strings_of
from migrate_cli.convert.stack import uses_notifs
from migrate_cli.convert.syntax import below
from migrate_cli.convert.wording import elements_added, in_style

RULE = "settings_installed_apps"
_SERVER = ("channels", "channels_postgres", "channels_ws")
PUBLISHER = "channels_ws.notify"

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
INSTALLED_APPS = [
    "django.contrib.auth",
    "notifications",  # django-notifs
    "chat",
]
"""
    },
    {
        "chatire/settings.py": """\
INSTALLED_APPS = [
    "django.contrib.auth",
    "notifications",  # django-notifs
    "channels",
    "channels_postgres",
    "channels_ws",
    "channels_ws.notify",
    "chat",
]
"""
    },
)


@rule(
    title="The apps of the new server are installed",
    follows="docs/install.md; the publisher's app has to come after `notifications`",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Behind ``notifications``, in the list that names it; where no list is written out, behind
    everything else in the module."""
    for module in concerned_settings(project):
        present = strings_of(module, "INSTALLED_APPS")
        has_notifs = any(app_entry(one, "notifications") for one in present)
        wanted = [*_SERVER, *([PUBLISHER] if has_notifs else [])]
        missing = [app for app in wanted if not any(app_entry(one, app) for one in present)]
        if missing:
            yield _finding(module, missing)
    if uses_notifs(project):
        yield from _in_classes(project)


def _in_classes(project: Project) -> Iterator[Finding]:
    """Settings in the body of a class, as django-configurations has them."""
    for source in project.sources_with("INSTALLED_APPS"):
        for assign in source.of_type(cst.Assign):
            names = {one.target.value for one in assign.targets if isinstance(one.target, cst.Name)}
            is_ours = "INSTALLED_APPS" in names and any(
                app_entry(string_value(node), "notifications") for node in below(assign.value)
            )
            holder = source.enclosing(assign, cst.ClassDef)
            if is_ours and holder is not None and PUBLISHER not in source.text:
                key = room_param(project)
                room = f", {ROOM_PARAM} = {key!r}" if key is not None else ""
                what = (
                    f"The settings are in the class {holder.name.value}, which no rule rewrites: "
                    f"add to it, from docs/install.md, the apps ({', '.join(_SERVER)} and, behind "
                    f"notifications, {PUBLISHER}), the database and its router, CHANNEL_LAYERS, "
                    f"ASGI_APPLICATION, DEFAULT_AUTO_FIELD, WSMIGRATE with the broker's URL{room}."
                )
                line = source.line(assign)
                yield Finding(RULE, source.path, line, what, Safety.BY_HAND)


def _finding(module: SettingsModule, missing: list[str]) -> Finding:
    what = f"The new server needs the apps {', '.join(missing)}."
    literals = list(literals_of(module, "INSTALLED_APPS"))
    for where, literal in literals:
        for index, element in enumerate(literal.elements):
            if app_entry(string_value(element.value), "notifications"):
                edit = elements_added(where.source, literal, missing, after=index)
                line = where.source.line(element.value)
                return Finding(RULE, where.path, line, what, Safety.SAFE, (edit,))
    own = [literal for where, literal in literals if where is module]
    source = module.source
    if own and not _is_named(module):
        edit = elements_added(source, own[0], missing)
        return Finding(RULE, module.path, source.line(own[0]), what, Safety.SAFE, (edit,))
    apps = "".join(f'    "{app}",\n' for app in missing)
    code = f"INSTALLED_APPS = [\n    *INSTALLED_APPS,\n{apps}]"
    edit = source.appended(*in_style(source, code))
    at = module.assignments["INSTALLED_APPS"][-1].statement
    return Finding(RULE, module.path, source.line(at), what, Safety.SAFE, (edit,))


def _is_named(module: SettingsModule) -> bool:
    """Whether the apps come to the setting in another way too, as in a call of ``append``."""
    return any(app_entry(text, "notifications") for text in strings_of(module, "INSTALLED_APPS"))
