"""Modules with notification channels are imported when the site starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import libcst as cst

from migrate_cli.convert.channel_classes import ChannelClass, channel_classes
from migrate_cli.convert.findings import Edit, Effect, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.rabbit_channels import is_standard, rabbit_channels
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_values import strings_of

RULE = "notifs_channel_import"

EXAMPLE = Example(
    {
        "chat/apps.py": """\
from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"
""",
        "chat/sms.py": """\
from notifications.channels import BaseNotificationChannel


class Sms(BaseNotificationChannel):
    name = "sms"
    providers = ["console"]

    def build_payload(self, provider):
        return {"text": self.notification.short_description}
""",
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications", "chat"]
NOTIFICATIONS_CHANNELS = {"sms": "chat.sms.Sms"}
""",
    },
    {
        "chat/apps.py": """\
from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self):
        from chat import sms  # noqa: F401 - for django-notifs
"""
    },
)


@rule(
    title="Channels are imported at the start",
    follows="django-notifs 4.0.0: channels are found among the classes that were imported",
    example=EXAMPLE,
    order=61,
)
def examine(project: Project) -> Iterator[Finding]:
    """In ``ready()`` of the app that the module belongs to; its ``apps.py`` is made if need be."""
    standard = {id(one.channel) for one in rabbit_channels(project) if is_standard(project, one)}
    wanted: dict[tuple[str, str] | None, dict[str, ChannelClass]] = {}
    for channel in channel_classes(project):
        # wsmigrate's own channel answers to `websocket` as well, and does the same.
        same = id(channel) in standard and set(channel.aliases) <= {"websocket"}
        module = project.module_name(channel.source.path)
        if not channel.aliases or same or _is_our_subclass(channel):
            continue
        if not _is_imported_at_start(project, module):
            wanted.setdefault(_app_of(project, module), {}).setdefault(module, channel)
    for app, modules in wanted.items():
        yield from _findings(project, app, modules)


def _is_our_subclass(channel: ChannelClass) -> bool:
    return channel.is_ours and set(channel.aliases) <= {"websocket"}


def _is_imported_at_start(project: Project, module: str) -> bool:
    leaf = module.rpartition(".")[2]
    return any(
        source.path.endswith(("apps.py", "__init__.py"))
        and any(
            leaf in source.code(node)
            for node in (*source.of_type(cst.ImportFrom), *source.of_type(cst.Import))
        )
        for source in project.sources.values()
    ) or any(
        one.path.endswith("apps.py") and f"import_module('{module}')" in one.text.replace('"', "'")
        for one in project.files.values()
    )


def _findings(
    project: Project, app: tuple[str, str] | None, modules: dict[str, ChannelClass]
) -> Iterator[Finding]:
    what = (
        f"django-notifs 4 finds the channels in {', '.join(modules)} only once these were "
        "imported: import them in ready() of an app."
    )
    if app is None:
        for channel in modules.values():
            line = channel.source.line(channel.node)
            yield Finding(RULE, channel.source.path, line, what, Safety.BY_HAND)
        return
    imports = [_import_of(module) for module in modules]
    path = (PurePosixPath(app[1]) / "apps.py").as_posix()
    if path not in project.files:
        text = _new_apps(app[0], imports)
        yield Finding(
            *(RULE, path, 1, what, Safety.SAFE),
            edits=(Edit(0, 0, text),),
            effect=Effect.CREATE,
        )
        return
    source = project.cache.get(path, project.text(path))
    configs = [] if source is None else _configs(project, source)
    if source is None or len(configs) != 1:
        yield Finding(RULE, path, 1, what, Safety.BY_HAND)
        return
    edit = _in_ready(source, configs[0], imports)
    yield Finding(RULE, path, source.line(configs[0]), what, Safety.SAFE, (edit,))


def _import_of(module: str) -> str:
    package, _, leaf = module.rpartition(".")
    code = f"from {package} import {leaf}" if package else f"import {leaf}"
    return f"{code}  # noqa: F401 - for django-notifs"


def _app_of(project: Project, module: str) -> tuple[str, str] | None:
    """The installed app that a module belongs to: its name and its folder."""
    for base in concerned_settings(project):
        for entry in strings_of(base, "INSTALLED_APPS"):
            name = entry.partition(".apps.")[0]
            path = project.module_path(name)
            if path is not None and path.endswith("__init__.py") and _is_in(module, name):
                return name, PurePosixPath(path).parent.as_posix()
            if path is None and _is_in(module, name) and (found := _folder(project, name)):
                return name, found
    return None


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _folder(project: Project, name: str) -> str | None:
    """The folder of a package without ``__init__.py``."""
    inner = name.replace(".", "/")
    for root in project.import_roots:
        folder = (PurePosixPath(root) / inner).as_posix()
        if any(path.startswith(f"{folder}/") for path in project.files):
            return folder
    return None


def _new_apps(name: str, imports: list[str]) -> str:
    title = "".join(part.capitalize() for part in name.rpartition(".")[2].split("_"))
    return (
        "from django.apps import AppConfig\n\n\n"
        f"class {title}Config(AppConfig):\n"
        f'    name = "{name}"\n\n'
        "    def ready(self):\n" + "".join(f"        {one}\n" for one in imports)
    )


def _configs(project: Project, source: PythonSource) -> list[cst.ClassDef]:
    return [
        one
        for one in source.module.body
        if isinstance(one, cst.ClassDef)
        and any(
            project.name_of(source, base.value).startswith("django.apps.") for base in one.bases
        )
    ]


def _in_ready(source: PythonSource, config: cst.ClassDef, imports: list[str]) -> Edit:
    unit = source.module.default_indent
    outer = source.indent(config)
    for one in config.body.body:
        if isinstance(one, cst.FunctionDef) and one.name.value == "ready":
            first = next(
                (part for part in one.body.body if not _is_docstring(part)), one.body.body[-1]
            )
            at = source.lines_of(first)[0]
            lines = [f"{source.indent(first)}{one}{source.newline}" for one in imports]
            return Edit(at, at, "".join(lines))
    at = source.lines_of(config)[1]
    lead = "" if source.text[at - 1] in "\r\n" else source.newline
    lines = ["", f"{outer}{unit}def ready(self):", *(f"{outer}{unit * 2}{one}" for one in imports)]
    return Edit(at, at, lead + source.newline.join([*lines, ""]))


def _is_docstring(statement: cst.CSTNode) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and isinstance(statement.body[0], cst.Expr)
        and isinstance(statement.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
    )
