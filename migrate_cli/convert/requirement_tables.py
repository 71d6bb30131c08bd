"""Requirements in TOML: the lists of pyproject.toml, and the tables of Poetry and Pipenv."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import tomlkit
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from tomlkit.exceptions import TOMLKitError

from migrate_cli.convert.python_source import line_at
from migrate_cli.convert.requirement_entry import Entry, read_entry

_KINDS_OF_UV = ("dev", "constraint", "override")
_SEVERAL = "It has several constraints: see which of them are still wanted."
_SECTION = re.compile(r"^[ \t]*\[(?P<name>[^\[\]\r\n]+)\]", re.MULTILINE)
_KEY = re.compile(
    r"^[ \t]*[\"']?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)[\"']?[ \t]*=[ \t]*(?P<value>[^\r\n]*)", re.M
)
_VERSION = re.compile(r"version[ \t]*=[ \t]*([\"'])(?P<spec>[^\"']*)\1")
_STRING = re.compile(r"([\"'])(?P<text>(?:(?!\1)[^\\\r\n])*)\1")
POETRY = re.compile(r"tool\.poetry\.(?:dev-)?dependencies|tool\.poetry\.group\.[^.]+\.dependencies")
PIPFILE = re.compile(r"packages|dev-packages")


def lists_of_pyproject(path: str, text: str) -> Iterator[Entry]:
    """The lists of PEP 621 and PEP 735; the strings are looked for in the text, whole."""
    try:
        data: Any = tomlkit.parse(text).unwrap()
    except (TOMLKitError, ValueError):
        return
    lists = [
        _at(data, "project", "dependencies"),
        *_each(_at(data, "project", "optional-dependencies")),
        *_each(_at(data, "dependency-groups")),
        *(_at(data, "tool", "uv", f"{kind}-dependencies") for kind in _KINDS_OF_UV),
        *_each(_at(data, "tool", "pdm", "dev-dependencies")),
    ]
    for environment in _each(_at(data, "tool", "hatch", "envs")):
        lists += [_at(environment, "dependencies"), _at(environment, "extra-dependencies")]
    wanted = {
        one for each in lists if isinstance(each, list) for one in each if isinstance(one, str)
    }
    for found in _STRING.finditer(text):
        if found["text"] in wanted:
            made = read_entry(path, text, found["text"], found.start("text"), "string")
            if made is not None:
                yield made


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _each(data: Any) -> list[Any]:
    return list(data.values()) if isinstance(data, dict) else []


def tables(path: str, text: str, wanted: re.Pattern[str], form: str) -> Iterator[Entry]:
    """Tables of names and versions, of Poetry and Pipenv."""
    sections = list(_SECTION.finditer(text))
    for number, section in enumerate(sections):
        end = sections[number + 1].start() if number + 1 < len(sections) else len(text)
        name = section["name"].strip()
        table, _, package = name.rpartition(".")
        if wanted.fullmatch(name):
            for key in _KEY.finditer(text, section.end(), end):
                yield from _table_entries(path, text, key, form)
        elif wanted.fullmatch(table.strip()):
            yield from _own_table(path, text, section, package.strip(" \"'"), end)


def _own_table(
    path: str, text: str, section: re.Match[str], package: str, end: int
) -> Iterator[Entry]:
    """A table for one package: ``[tool.poetry.dependencies.channels]``."""
    place = section.start("name") + section["name"].rindex(package)
    for key in _KEY.finditer(text, section.end(), end):
        if key["name"] == "version":
            made = _table_entry(path, text, key, "subtable")
            if made is not None:
                span = (place, place + len(package))
                yield replace(made, name=canonicalize_name(package), name_span=span)


def _table_entries(path: str, text: str, key: re.Match[str], form: str) -> Iterator[Entry]:
    if not key["value"].startswith("["):
        made = _table_entry(path, text, key, form)
        if made is not None:
            yield made
        return
    end = text.find("]", key.start("value"))
    for found in _VERSION.finditer(text, key.start("value"), end if end >= 0 else len(text)):
        made = _made(path, text, key, found, offset=0, form=form)
        if made is not None:
            yield replace(made, fixed=_SEVERAL)


def _table_entry(path: str, text: str, key: re.Match[str], form: str) -> Entry | None:
    value = key["value"]
    found = _VERSION.match(value, value.find("version")) if value.startswith("{") else None
    if value.startswith("{") and found is None:
        return None
    if found is None:
        found = re.match(r"([\"'])(?P<spec>[^\"']*)\1", value)
    if found is None:
        return None
    return _made(path, text, key, found, offset=key.start("value"), form=form)


def _made(
    path: str, text: str, key: re.Match[str], found: re.Match[str], *, offset: int, form: str
) -> Entry | None:
    begin = offset + found.start("spec")
    try:
        specifier = SpecifierSet(_plain(found["spec"]))
    except InvalidSpecifier:
        return None
    return Entry(
        path=path,
        line=line_at(text, key.start("name")),
        name=canonicalize_name(key["name"]),
        specifier=specifier,
        form=form,
        name_span=(key.start("name"), key.end("name")),
        spec_span=(begin, begin + len(found["spec"])),
        end=offset + found.end(),
        spec=found["spec"],
    )


def _plain(spec: str) -> str:
    """Poetry's carets and tildes, and ``*``, as PEP 440 has them."""
    parts = []
    for one in filter(None, (part.strip() for part in spec.split(","))):
        if one == "*":
            continue
        if one[0] in "^~" and not one.startswith("~="):
            version = Version(one[1:])
            release = list(version.release)
            fixed = 1 if one[0] == "^" else min(2, len(release))
            if one[0] == "^" and release[0] == 0:
                fixed = min(2, len(release))
            upper = [*release[: fixed - 1], release[fixed - 1] + 1]
            parts += [f">={version}", "<" + ".".join(map(str, upper))]
        else:
            parts.append(f"=={one}" if one[0].isdigit() else one)
    return ",".join(parts)
