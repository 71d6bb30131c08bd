"""CHANNEL_LAYERS names the PostgreSQL layer."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import (
    concerned_settings,
    family,
    home_of_layer,
    is_lacking,
)
from migrate_cli.convert.python_source import string_value
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.settings_values import dict_entries
from migrate_cli.convert.wording import in_style, quoted

RULE = "settings_channel_layers"
_LAYER = "channels_ws.layers.PostgresLayer"
_STOCK = "channels_postgres.core.PostgresChannelLayer"
_IN_MEMORY = "channels.layers.InMemoryChannelLayer"

_NEW = f"""\
CHANNEL_LAYERS = {{
    "default": {{
        "BACKEND": "{_LAYER}",
        "CONFIG": {{**LAYER_DATABASE}},
    }}
}}
"""

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications"]
DATABASES = {"default": {}}
"""
    },
    {
        "chatire/settings.py": f"""\
INSTALLED_APPS = ["notifications"]
DATABASES = {{"default": {{}}}}

{_NEW}"""
    },
)


@rule(
    title="The channel layer is the PostgreSQL one",
    follows="docs/install.md, docs/layers.md",
    example=EXAMPLE,
    order=32,
)
def examine(project: Project) -> Iterator[Finding]:
    """The stock layer of channels-postgres is replaced, with its CONFIG kept; a layer in memory is
    listed, for it reaches no other process; any other stays."""
    for base in concerned_settings(project):
        modules = [one for one in family(project, base) if "CHANNEL_LAYERS" in one.assignments]
        for module in modules:
            yield from _present(module)
        home = home_of_layer(project, base)
        has_databases = any(one.makes("DATABASES") for one in family(project, base))
        if has_databases and is_lacking(project, base, "CHANNEL_LAYERS"):
            edit = home.source.appended(*in_style(home.source, _NEW))
            what = "CHANNEL_LAYERS has to name the layer that carries the messages."
            yield Finding(RULE, home.path, 1, what, Safety.SAFE, (edit,))


def _present(module: SettingsModule) -> Iterator[Finding]:
    source = module.source
    for one in module.assignments["CHANNEL_LAYERS"]:
        for entry in dict_entries(one.value).values():
            backend = dict_entries(entry.value).get("BACKEND")
            name = string_value(backend.value) if backend is not None else None
            if backend is None or name in {None, _LAYER}:
                continue
            line = source.line(backend)
            if name == _STOCK:
                what = (
                    f"{_STOCK} loses messages when PostgreSQL restarts and hands some out twice "
                    "(docs/layers.md)."
                )
                edit = source.replaced(backend.value, quoted(source, _LAYER))
                yield Finding(RULE, module.path, line, what, Safety.SAFE, (edit,))
            elif name == _IN_MEMORY:
                what = (
                    "The layer in memory reaches no other process, so the bridge cannot use it. "
                    f"Outside of tests take {_LAYER}."
                )
                safety = Safety.NOTE if "test" in module.path.lower() else Safety.BY_HAND
                yield Finding(RULE, module.path, line, what, safety)
            else:
                what = f"The layer {name} stays; docs/layers.md says what is weaker with it."
                yield Finding(RULE, module.path, line, what, Safety.NOTE)
