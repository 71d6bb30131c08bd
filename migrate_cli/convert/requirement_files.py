"""Requirements in all the forms that projects keep them in, each with its place in the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

import libcst as cst

from migrate_cli.convert.findings import Edit
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, end_of_line, newline_of, string_value
from migrate_cli.convert.requirement_entry import Entry, from_url, read_entry
from migrate_cli.convert.requirement_tables import PIPFILE, POETRY, lists_of_pyproject, tables
from migrate_cli.convert.stack import requirement_paths
from migrate_cli.convert.syntax import dotted_name

_LINE = re.compile(
    r"^[ \t]*(?P<entry>[A-Za-z0-9][^#\r\n]*?)(?=[ \t]*(?:\\?[ \t]*--|#|\\?\r?$))", re.M
)
_EGG = re.compile(
    r"^[ \t]*(?:-e|--editable)?[ \t]*(?:git|hg|svn|bzr)?\+?[a-z+]+://\S*#(?:\S*&)?egg=(?P<name>[\w.-]+)",
    re.MULTILINE,
)
_ITEM = re.compile(
    r"^(?P<indent>[ \t]*)-[ \t]+[\"']?(?P<entry>[A-Za-z0-9][^#\r\n\"']*?)[\"']?[ \t]*(?=#|\r?$)",
    re.M,
)
_CONDA_SPEC = re.compile(r"^([\w.-]+)=([\d.]+)(?:=.*|\.\*)?$")
_HASHED = "It carries hashes: make it anew with the tool that wrote it."
_CONDAS = "It is conda's: see which release its channel has."
_SETUP_KEYS = frozenset({"install_requires", "tests_require", "extras_require"})
_SECTION = re.compile(r"^[ \t]*\[(?P<name>[^\[\]\r\n]+)\]", re.MULTILINE)
_SETUP_CFG_KEY = re.compile(r"^(?:install_requires|[\w-]+)[ \t]*=", re.MULTILINE)


@lru_cache(maxsize=8)
def entries(project: Project) -> tuple[Entry, ...]:
    """All requirements of the project."""
    found: list[Entry] = []
    for path in requirement_paths(project):
        text = project.text(path)
        name = PurePosixPath(path).name
        if name == "pyproject.toml":
            found += [*lists_of_pyproject(path, text), *tables(path, text, POETRY, "caret")]
        elif name == "Pipfile":
            found += tables(path, text, PIPFILE, "table")
        elif name == "setup.cfg":
            found += _setup_cfg(path, text)
        elif name == "setup.py":
            found += _setup_py(project, path, text)
        elif name.endswith((".yml", ".yaml")):
            found += _conda(path, text)
        elif name.endswith((".txt", ".in")):
            found += _lines(path, text, 0, len(text))
    return tuple(found)


def added_behind(project: Project, entry: Entry, wanted: list[tuple[str, str]]) -> Edit:
    """The edit that puts requirements, as names with extras and specifiers, behind an entry."""
    text = project.text(entry.path)
    newline = newline_of(text)
    if entry.form == "string":
        quote = text[entry.name_span[0] - 1]
        written = [f"{quote}{name}{spec}{quote}" for name, spec in wanted]
        start = text.rfind("\n", 0, entry.name_span[0]) + 1
        indent = text[start : entry.name_span[0] - 1]
        separator = newline + indent if not indent.strip() else " "
        return Edit(entry.end, entry.end, "".join(f",{separator}{one}" for one in written))
    lines = [_written(entry.form, name, spec) for name, spec in wanted]
    at = end_of_line(text, entry.end)
    start = text.rfind("\n", 0, entry.name_span[0]) + 1
    rest = text[start:]
    indent = rest[: len(rest) - len(rest.lstrip(" \t"))]
    lead = "" if at and text[at - 1] in "\r\n" else newline
    return Edit(at, at, lead + "".join(f"{indent}{line}{newline}" for line in lines))


def spec_in_form(form: str, spec: str) -> str:
    """A specifier as the form has it: Poetry writes an exact one with a caret."""
    if form == "caret" and spec.startswith("=="):
        return "^" + spec.removeprefix("==")
    return spec


def _written(form: str, name: str, spec: str) -> str:
    if form in {"line", "item"}:
        return ("- " if form == "item" else "") + name + spec
    plain, _, extras = name.partition("[")
    value = json.dumps(spec_in_form(form, spec) or "*")
    if extras:
        listed = ", ".join(json.dumps(one) for one in extras.rstrip("]").split(","))
        return f"{plain} = {{version = {value}, extras = [{listed}]}}"
    return f"{plain} = {value}"


def _lines(path: str, text: str, start: int, end: int) -> Iterator[Entry]:
    for found in _LINE.finditer(text, start, end):
        rest = text[found.end() : end_of_line(text, found.end())]
        made = read_entry(path, text, found["entry"], found.start("entry"), "line")
        if made is not None:
            hashed = "--hash" in rest or "\\" in rest
            yield replace(made, fixed=_HASHED) if hashed and not made.fixed else made
    for found in _EGG.finditer(text, start, end):
        yield from_url(path, text, found["name"], found.start("name"))


def _setup_py(project: Project, path: str, text: str) -> Iterator[Entry]:
    """The lists of setup(), written out in the call or as a variable of the module."""
    source = project.cache.get(path, text)
    for call in source.of_type(cst.Call) if source is not None else ():
        if dotted_name(call.func).rpartition(".")[2] != "setup" or source is None:
            continue
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value in _SETUP_KEYS:
                yield from _strings_below(source, path, text, arg.value)


def _strings_below(
    source: PythonSource, path: str, text: str, value: cst.BaseExpression
) -> Iterator[Entry]:
    if isinstance(value, cst.Name):
        made = [
            one.value
            for one in source.of_type(cst.Assign)
            for target in one.targets
            if isinstance(target.target, cst.Name) and target.target.value == value.value
        ]
        if len(made) == 1 and not isinstance(made[0], cst.Name):
            yield from _strings_below(source, path, text, made[0])
    elif isinstance(value, cst.Dict):
        for entry in value.elements:
            yield from _strings_below(source, path, text, entry.value)
    elif isinstance(value, (cst.List, cst.Tuple)):
        for element in value.elements:
            one = element.value
            if isinstance(one, cst.SimpleString) and one.raw_value == string_value(one):
                at = source.span(one)[0] + len(one.prefix) + len(one.quote)
                found = read_entry(path, text, one.raw_value, at, "string")
                if found is not None:
                    yield found


def _conda(path: str, text: str) -> Iterator[Entry]:
    """conda's own packages, which are left to a person, and those of its list for pip."""
    pip_indent: int | None = None
    for found in _ITEM.finditer(text):
        indent = len(found["indent"])
        if pip_indent is not None and indent <= pip_indent:
            pip_indent = None
        if found["entry"].rstrip() == "pip:":
            pip_indent = indent
        elif pip_indent is not None:
            made = read_entry(path, text, found["entry"], found.start("entry"), "item")
            if made is not None:
                yield made
        else:
            written = _CONDA_SPEC.sub(r"\1==\2.*", found["entry"].partition(" ")[0])
            made = read_entry(path, text, written, found.start("entry"), "item")
            if made is not None:
                yield replace(made, spec=found["entry"][len(made.name) :].strip(), fixed=_CONDAS)


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
