"""What is written in a setting: its lists, strings and dictionary entries."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.python_source import string_value
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.syntax import below


def app_entry(text: str | None, app: str) -> bool:
    """Whether an entry of INSTALLED_APPS is an app, by its name or its configuration class."""
    return text is not None and (text == app or text.startswith(f"{app}.apps."))


def literals_of(
    module: SettingsModule, name: str
) -> Iterator[tuple[SettingsModule, cst.List | cst.Tuple]]:
    """The lists and tuples, written out, that a setting is put together from by ``+``, ``+=``,
    ``*`` and other names."""
    seen: set[tuple[str, str]] = set()

    def of_name(wanted: str) -> Iterator[tuple[SettingsModule, cst.List | cst.Tuple]]:
        for where, one in module.values(wanted):
            if (where.path, wanted) not in seen or one.value is not None:
                yield from of_value(where, one.value, wanted)

    def of_value(
        where: SettingsModule, value: cst.CSTNode, wanted: str
    ) -> Iterator[tuple[SettingsModule, cst.List | cst.Tuple]]:
        if isinstance(value, (cst.List, cst.Tuple)):
            yield where, value
            for element in value.elements:
                if isinstance(element, cst.StarredElement):
                    yield from of_value(where, element.value, wanted)
        elif isinstance(value, cst.BinaryOperation):
            yield from of_value(where, value.left, wanted)
            yield from of_value(where, value.right, wanted)
        elif isinstance(value, cst.Name) and value.value != wanted:
            if (where.path, value.value) not in seen:
                seen.add((where.path, value.value))
                yield from of_name(value.value)
        elif isinstance(value, cst.Call) and _is_conversion(value):
            yield from of_value(where, value.args[0].value, wanted)

    seen.add((module.path, name))
    yield from of_name(name)


def strings_of(module: SettingsModule, name: str) -> list[str]:
    """The strings in those lists and in calls of ``append`` and the like on the setting."""
    found = [
        text
        for _, literal in literals_of(module, name)
        for element in literal.elements
        if (text := string_value(element.value)) is not None
    ]
    for where, one in module.values(name):
        if not one.fresh:
            found += [text for node in below(one.value) if (text := string_value(node)) is not None]
        del where
    return found


def dict_entries(value: cst.CSTNode) -> dict[str, cst.DictElement]:
    """The entries of a dictionary that is written out, whose keys are strings."""
    if not isinstance(value, cst.Dict):
        return {}
    return {
        key: element
        for element in value.elements
        if isinstance(element, cst.DictElement) and (key := string_value(element.key)) is not None
    }


def _is_conversion(call: cst.Call) -> bool:
    return (
        isinstance(call.func, cst.Name)
        and call.func.value in {"list", "tuple", "sorted"}
        and len(call.args) == 1
    )
