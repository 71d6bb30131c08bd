"""Requirements in all the forms that projects keep them in, each with its place in the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from tomlkit.exceptions import TOMLKitError

from migrate_cli.convert.findings import Edit
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import end_of_line, line_at, newline_of
from migrate_cli.convert.stack import REQUIREMENT_FILES

_LINE = re.compile(
    r"^[ \t]*(?P<entry>[A-Za-z0-9][^#\r\n]*?)(?=[ \t]*(?:\\?[ \t]*--|#|\\?\r?$))", re.M
)
_SECTION = re.compile(r"^[ \t]*\[(?P<name>[^\[\]\r\n]+)\]", re.MULTILINE)
_KEY = re.compile(
    r"^[ \t]*[\"']?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)[\"']?[ \t]*=[ \t]*(?P<value>[^\r\n]*)", re.M
)
_VERSION = re.compile(r"version[ \t]*=[ \t]*([\"'])(?P<spec>[^\"']*)\1")
_STRING = re.compile(r"([\"'])(?P<text>(?:(?!\1)[^\\\r\n])*)\1")
_POETRY = re.compile(
    r"tool\.poetry\.(?:dev-)?dependencies|tool\.poetry\.group\.[^.]+\.dependencies"
)
_PIPFILE = re.compile(r"packages|dev-packages")
_SETUP_CFG_KEY = re.compile(r"^(?:install_requires|[\w-]+)[ \t]*=", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One requirement. The spans are of characters in the file's text."""

    path: str
    line: int
    name: str
    """Canonical: lower case, with ``-``."""
    specifier: SpecifierSet
    form: str
    """``line`` (requirements.txt, setup.cfg), ``string`` (a string of a list in pyproject.toml),
    ``caret`` (Poetry) or ``table`` (Pipfile)."""
    name_span: tuple[int, int]
    spec_span: tuple[int, int]
    end: int
    """Behind the entry, before a comma, a comment or the line's end."""
    spec: str
    hashed: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether it allows one release only."""
        return len(self.specifier) == 1 and next(iter(self.specifier)).operator in {"==", "==="}

    def allows(self, version: str) -> bool:
        """Whether a release would do."""
        return self.specifier.contains(version, prereleases=True)


def version_of(entry: Entry) -> Version | None:
    """The release that is pinned, or the least one that is allowed."""
    for one in entry.specifier:
        if one.operator in {"==", "===", "~=", ">="}:
            try:
                return Version(one.version.removesuffix(".*"))
            except InvalidVersion:
                return None
    return None


@lru_cache(maxsize=8)
def entries(project: Project) -> tuple[Entry, ...]:
    """All requirements of the project."""
    found: list[Entry] = []
    for path in dict.fromkeys(project.paths(*REQUIREMENT_FILES)):
        text = project.text(path)
        name = PurePosixPath(path).name
        if name == "pyproject.toml":
            found += [*_pyproject(path, text), *_tables(path, text, _POETRY, "caret")]
        elif name == "Pipfile":
            found += _tables(path, text, _PIPFILE, "table")
        elif name == "setup.cfg":
            found += _setup_cfg(path, text)
        elif name.endswith((".txt", ".in")):
            found += _lines(path, text, 0, len(text))
    return tuple(found)


def added_behind(project: Project, entry: Entry, wanted: list[tuple[str, str]]) -> Edit:
    """The edit that puts requirements, as names with extras and specifiers, behind an entry."""
    text = project.text(entry.path)
    newline = newline_of(text)
    if entry.form == "string":
        written = [json.dumps(name + spec) for name, spec in wanted]
        start = text.rfind("\n", 0, entry.name_span[0]) + 1
        indent = text[start : entry.name_span[0] - 1]
        separator = newline + indent if not indent.strip() else " "
        return Edit(entry.end, entry.end, "".join(f",{separator}{one}" for one in written))
    lines = [_written(entry.form, name, spec) for name, spec in wanted]
    at = end_of_line(text, entry.end)
    start = text.rfind("\n", 0, entry.name_span[0]) + 1
    indent = text[start : entry.name_span[0]].replace('"', "").replace("'", "")
    lead = "" if at and text[at - 1] in "\r\n" else newline
    return Edit(at, at, lead + "".join(f"{indent}{line}{newline}" for line in lines))


def spec_in_form(form: str, spec: str) -> str:
    """A specifier as the form has it: Poetry writes an exact one with a caret."""
    if form == "caret" and spec.startswith("=="):
        return "^" + spec.removeprefix("==")
    return spec


def _written(form: str, name: str, spec: str) -> str:
    if form == "line":
        return name + spec
    plain, _, extras = name.partition("[")
    value = json.dumps(spec_in_form(form, spec) or "*")
    if extras:
        listed = ", ".join(json.dumps(one) for one in extras.rstrip("]").split(","))
        return f"{plain} = {{version = {value}, extras = [{listed}]}}"
    return f"{plain} = {value}"


def _lines(path: str, text: str, start: int, end: int) -> Iterator[Entry]:
    for found in _LINE.finditer(text, start, end):
        rest = text[found.end() : end_of_line(text, found.end())]
        made = _entry(path, text, found["entry"], found.start("entry"), "line")
        if made is not None:
            yield made if "--hash" not in rest and "\\" not in rest else _hashed(made)


def _hashed(entry: Entry) -> Entry:
    return Entry(**{**entry.__dict__, "hashed": True})


def _entry(path: str, text: str, written: str, at: int, form: str) -> Entry | None:
    try:
        requirement = Requirement(written.strip())
    except InvalidRequirement:
        return None
    if requirement.url is not None:
        return None
    name_end = at + len(requirement.name)
    spec = re.search(
        r"[ \t]*(?:\[[^\]]*\])?[ \t]*\(?(?P<spec>[^;()]*)", written[len(requirement.name) :]
    )
    begin = name_end + (spec.start("spec") if spec else 0)
    raw = spec["spec"].rstrip() if spec else ""
    return Entry(
        path=path,
        line=line_at(text, at),
        name=canonicalize_name(requirement.name),
        specifier=requirement.specifier,
        form=form,
        name_span=(at, name_end),
        spec_span=(begin, begin + len(raw)),
        end=at + len(written.rstrip()) + (1 if form == "string" else 0),
        spec=raw,
    )


def _pyproject(path: str, text: str) -> Iterator[Entry]:
    """The lists of PEP 621 and PEP 735; the strings are looked for in the text, whole."""
    try:
        data: Any = tomlkit.parse(text).unwrap()
    except (TOMLKitError, ValueError):
        return
    project = data.get("project", {}) if isinstance(data, dict) else {}
    lists = [project.get("dependencies", [])]
    for tables in (project.get("optional-dependencies", {}), data.get("dependency-groups", {})):
        lists += list(tables.values()) if isinstance(tables, dict) else []
    wanted = {
        one for each in lists if isinstance(each, list) for one in each if isinstance(one, str)
    }
    for found in _STRING.finditer(text):
        if found["text"] in wanted:
            made = _entry(path, text, found["text"], found.start("text"), "string")
            if made is not None:
                yield made


def _tables(path: str, text: str, wanted: re.Pattern[str], form: str) -> Iterator[Entry]:
    """Tables of names and versions, of Poetry and Pipenv."""
    sections = list(_SECTION.finditer(text))
    for number, section in enumerate(sections):
        if not wanted.fullmatch(section["name"].strip()):
            continue
        end = sections[number + 1].start() if number + 1 < len(sections) else len(text)
        for key in _KEY.finditer(text, section.end(), end):
            made = _table_entry(path, text, key, form)
            if made is not None:
                yield made


def _table_entry(path: str, text: str, key: re.Match[str], form: str) -> Entry | None:
    value = key["value"]
    found = _VERSION.match(value, value.find("version")) if value.startswith("{") else None
    if value.startswith("{") and found is None:
        return None
    if found is None:
        found = re.match(r"([\"'])(?P<spec>[^\"']*)\1", value)
    if found is None:
        return None
    begin = key.start("value") + found.start("spec")
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
        end=key.start("value") + found.end(),
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


def _setup_cfg(path: str, text: str) -> Iterator[Entry]:
    """``install_requires`` of ``[options]`` and all of ``[options.extras_require]``."""
    sections = list(_SECTION.finditer(text))
    for number, section in enumerate(sections):
        name = section["name"].strip()
        end = sections[number + 1].start() if number + 1 < len(sections) else len(text)
        keys = list(_SETUP_CFG_KEY.finditer(text, section.end(), end))
        for index, key in enumerate(keys):
            is_install = name == "options" and key[0].startswith("install_requires")
            if not is_install and name != "options.extras_require":
                continue
            stop = keys[index + 1].start() if index + 1 < len(keys) else end
            yield from _lines(path, text, end_of_line(text, key.end()), stop)
