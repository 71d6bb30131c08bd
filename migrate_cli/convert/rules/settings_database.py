"""DATABASES has the layer's database."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings, family, home_of_layer
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.settings_values import dict_entries
from migrate_cli.convert.wording import in_style

RULE = "settings_database"
ALIAS = "channels_postgres"

LAYER_DATABASE = """\
# The channel layer's own database; it must not be the default one.
LAYER_DATABASE = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": os.environ.get("LAYER_DB_NAME", "layer"),
    "USER": os.environ.get("LAYER_DB_USER", "layer"),
    "PASSWORD": os.environ.get("LAYER_DB_PASSWORD", ""),
    "HOST": os.environ.get("LAYER_DB_HOST", "localhost"),
    "PORT": os.environ.get("LAYER_DB_PORT", "5432"),
}
"""
_ENTRY = 'DATABASES["channels_postgres"] = {**LAYER_DATABASE}\n'

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
import os

INSTALLED_APPS = ["notifications"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
"""
    },
    {
        "chatire/settings.py": f"""\
import os

INSTALLED_APPS = ["notifications"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}}}

{LAYER_DATABASE}{_ENTRY}"""
    },
)


@rule(
    title="The channel layer has a database of its own",
    follows="channels-postgres, README; docs/install.md",
    example=EXAMPLE,
    order=30,
)
def examine(project: Project) -> Iterator[Finding]:
    """At the end of the module that makes DATABASES, and of each that makes it anew. The values
    come from the environment: nobody but the operator knows where the database is to be."""
    for base in concerned_settings(project):
        modules = family(project, base)
        home = home_of_layer(project, base)
        makers = [one for one in modules if one.makes("DATABASES")]
        if not makers:
            what = "DATABASES is not set in a way that can be seen: add the layer's database."
            yield Finding(RULE, base.path, 1, what, Safety.BY_HAND)
            continue
        lacking = [one for one in dict.fromkeys([home, *makers]) if not _has_entry(one)]
        for module in lacking:
            yield from _in_module(module, home, is_needed=bool(set(lacking) - {home}))


def _in_module(
    module: SettingsModule, home: SettingsModule, *, is_needed: bool
) -> Iterator[Finding]:
    source = module.source
    sees_home = home in module.chain and home is not module
    knows_databases = module.knows("DATABASES")
    code, edits = "", []
    if not sees_home and not module.knows("LAYER_DATABASE") and (knows_databases or is_needed):
        name, imports = _os_name(source)
        code += LAYER_DATABASE.replace("os.environ", f"{name}.environ")
        edits += imports
    code += _ENTRY if knows_databases else ""
    if not code:
        return
    edits.append(source.appended(*in_style(source, code)))
    place = module.assignments.get("DATABASES")
    line = source.line(place[-1].statement) if place else 1
    what = (
        "The channel layer needs a PostgreSQL database of its own in DATABASES, under "
        f"{ALIAS!r}; set LAYER_DB_NAME, LAYER_DB_USER and so on in the environment."
    )
    yield Finding(RULE, module.path, line, what, Safety.SAFE, tuple(edits))


def _has_entry(module: SettingsModule) -> bool:
    """Whether the module's DATABASES gets the entry, here or, if it does not make it anew, in what
    it builds on."""
    where = [module] if module.makes("DATABASES") else module.chain
    for one in where:
        for each in one.assignments.get("DATABASES", ()):
            if ALIAS in dict_entries(each.value):
                return True
            for node in (n for n in one.source.of_type(cst.Subscript)):
                if _is_entry(node):
                    return True
    return False


def _is_entry(node: cst.Subscript) -> bool:
    return (
        isinstance(node.value, cst.Name)
        and node.value.value == "DATABASES"
        and len(node.slice) == 1
        and isinstance(node.slice[0].slice, cst.Index)
        and string_value(node.slice[0].slice.value) == ALIAS
    )


def _os_name(source: PythonSource) -> tuple[str, list[Edit]]:
    """What the module calls ``os``, and the edit that imports it if it does not yet."""
    for statement in source.of_type(cst.Import):
        for alias in statement.names:
            if alias.evaluated_name == "os" and isinstance(
                source.parent(source.parent(statement) or statement), cst.Module
            ):
                return alias.evaluated_alias or "os", []
    return "os", [source.import_added("import os")]
