"""Notification channels of a project: classes in the form of django-notifs 3 or 4."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import libcst as cst

from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import settings_modules
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.settings_values import dict_entries
from migrate_cli.convert.stack import uses_notifs
from migrate_cli.convert.syntax import below

BASES = (
    "notifications.channels.BaseNotificationChannel",
    "notifications.channels.base.BaseNotificationChannel",
)
PROVIDERS = (
    "notifications.providers.BaseNotificationProvider",
    "notifications.providers.base.BaseNotificationProvider",
)
"""What django-notifs 4 has the sending itself done by."""

_MOST_HANDS = 5  # imports may go round in a circle
OURS = "channels_ws.notify.channel.WebSocketChannel"


@dataclass(frozen=True, eq=False)
class ChannelClass:
    """A class that is a notification channel, or a provider of one, by its bases, or because the
    settings name it."""

    source: PythonSource
    node: cst.ClassDef
    dotted: str
    aliases: tuple[str, ...]
    """What NOTIFICATIONS_CHANNELS calls it."""
    base: cst.Arg | None
    """django-notifs' own class among its bases."""

    @property
    def name(self) -> str:
        return self.node.name.value

    @cached_property
    def methods(self) -> dict[str, cst.FunctionDef]:
        """The functions of its body."""
        return {
            one.name.value: one for one in self.node.body.body if isinstance(one, cst.FunctionDef)
        }

    @property
    def has_old_form(self) -> bool:
        """Whether it is made for django-notifs up to 3: construct_message and notify(message)."""
        if {"build_payload", "send"} & self.methods.keys() or self.is_ours:
            return False
        return bool({"construct_message", "notify"} & self.methods.keys()) or bool(self.aliases)

    @property
    def is_ours(self) -> bool:
        """Whether it is a subclass of wsmigrate's own channel."""
        return any(self.source.qualified(one.value) == OURS for one in self.node.bases)

    @property
    def alias(self) -> str:
        """Its first alias; "" for none."""
        return self.aliases[0] if self.aliases else ""


@lru_cache(maxsize=8)
def channel_classes(project: Project) -> tuple[ChannelClass, ...]:
    """All notification channels of the project, by their dotted names."""
    if not uses_notifs(project):
        return ()
    aliases = aliases_by_class(project)
    classes: dict[str, tuple[PythonSource, cst.ClassDef]] = {}
    for source in project.sources.values():
        module = project.module_name(source.path)
        for statement in source.module.body:
            if isinstance(statement, cst.ClassDef):
                classes[f"{module}.{statement.name.value}"] = source, statement
    found: dict[str, ChannelClass] = {}

    def is_channel(dotted: str, above: frozenset[str]) -> bool:
        if dotted in BASES + PROVIDERS:
            return True
        if dotted in above or dotted not in classes:
            return False
        source, node = classes[dotted]
        module = dotted.rpartition(".")[0]
        return any(
            is_channel(_name_of_base(project, source, module, base), above | {dotted})
            for base in node.bases
        )

    for dotted, (source, node) in sorted(classes.items(), key=lambda one: one[0]):
        if dotted in aliases or is_channel(dotted, frozenset()):
            base = next(
                (one for one in node.bases if project.name_of(source, one.value) in BASES), None
            )
            found[dotted] = ChannelClass(source, node, dotted, aliases.get(dotted, ()), base)
    return tuple(found.values())


def _name_of_base(project: Project, source: PythonSource, module: str, base: cst.Arg) -> str:
    imported = project.name_of(source, base.value)
    if imported or not isinstance(base.value, cst.Name):
        return imported
    return f"{module}.{base.value.value}"


@lru_cache(maxsize=8)
def aliases_by_class(project: Project) -> dict[str, tuple[str, ...]]:
    """The aliases in NOTIFICATIONS_CHANNELS, wherever it is written out, by the class's name."""
    found: dict[str, tuple[str, ...]] = {}

    def add(alias: str | None, dotted: str | None) -> None:
        if alias is not None and dotted is not None:
            dotted = _made_at(project, dotted)
            if alias not in found.get(dotted, ()):
                found[dotted] = (*found.get(dotted, ()), alias)

    for source in project.sources_with("NOTIFICATIONS_CHANNELS"):
        for assign in source.of_type(cst.Assign):  # in classes too (django-configurations)
            names = [one.target.value for one in assign.targets if isinstance(one.target, cst.Name)]
            if "NOTIFICATIONS_CHANNELS" in names:
                for alias, element in dict_entries(assign.value).items():
                    add(alias, string_value(element.value))
    for module in settings_modules(project):
        for one in module.assignments.get("NOTIFICATIONS_CHANNELS", ()):
            for node in below(one.value):
                for alias, element in dict_entries(node).items():
                    add(alias, string_value(element.value))
                if isinstance(node, cst.Arg) and node.keyword is not None:  # of dict() and update()
                    add(node.keyword.value, string_value(node.value))
            for part in one.statement.body:
                if isinstance(part, cst.Assign):
                    for target in part.targets:
                        add(_key(target.target), string_value(part.value))
    return found


def _made_at(project: Project, dotted: str) -> str:
    """The name by which a class is known in its own module, where packages hand it on."""
    for _ in range(_MOST_HANDS):
        module, _, name = dotted.rpartition(".")
        path = project.module_path(module) if module else None
        source = project.cache.get(path, project.text(path)) if path is not None else None
        imported = source.imported(name) if source is not None else ""
        if source is None or not imported:
            break
        dotted = project.absolute(source, imported)
    return dotted


def _key(target: cst.CSTNode) -> str | None:
    if isinstance(target, cst.Subscript) and len(target.slice) == 1:
        index = target.slice[0].slice
        return string_value(index.value) if isinstance(index, cst.Index) else None
    return None
