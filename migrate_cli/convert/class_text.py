"""Putting a changed class where it was."""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from migrate_cli.convert.findings import Edit
from migrate_cli.convert.python_source import PythonSource, end_of_line
from migrate_cli.convert.syntax import below

_WORD = re.compile(r"\w+")


def class_replaced(source: PythonSource, old: cst.ClassDef, new: cst.ClassDef) -> Edit | None:
    """The edit that replaces a class at the top level of a module; None where its text cannot be
    told apart from what is around it."""
    start, _ = source.span(old)
    was = _code(source, old)
    if not source.text.startswith(was, start):
        return None
    return Edit(start, start + len(was), _code(source, new))


def _code(source: PythonSource, node: cst.ClassDef) -> str:
    return source.module.code_for_node(node.with_changes(leading_lines=(), decorators=()))


def behind_class(source: PythonSource, node: cst.ClassDef) -> int:
    """Where the line after a class begins."""
    return source.lines_of(node)[1]


def missing_imports(source: PythonSource, wanted: Iterable[str]) -> list[Edit]:
    """The edits that add imports, as lines ``import a`` or ``from a import b``, that the module
    does not have."""
    have = {line.split("#")[0].strip() for line in source.text.splitlines()}
    missing = [line for line in wanted if line.split("  #")[0] not in have]
    return [
        source.first_import_added(line) if line.startswith("import ") else source.import_added(line)
        for line in missing
    ]


def unused_imports(source: PythonSource, gone: Iterable[cst.CSTNode], instead: str) -> list[Edit]:
    """The edits that take out the imports that only nodes which are gone have used; ``instead`` is
    the code that stands in their place."""
    inside = {id(node) for one in gone for node in below(one)}
    words = set(_WORD.findall(instead))
    used_there: set[str] = set()
    used_elsewhere = set(words)
    for name in source.of_type(cst.Name):
        if isinstance(source.parent(name), (cst.ImportAlias, cst.AsName)):
            continue
        (used_there if id(name) in inside else used_elsewhere).add(name.value)
    edits = []
    for statement in source.module.body:
        alone = isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1
        part = statement.body[0] if alone else None  # type: ignore[index]
        if not isinstance(part, (cst.Import, cst.ImportFrom)):
            continue
        if isinstance(part.names, cst.ImportStar):
            continue
        names = {_bound(alias) for alias in part.names}
        if names <= used_there and not names & used_elsewhere:
            edits.append(_line_removed(source, statement))
    return edits


def _line_removed(source: PythonSource, statement: cst.CSTNode) -> Edit:
    """The edit that takes a statement's line out, and one of two empty ones around it."""
    start, end = source.lines_of(statement)
    after = end_of_line(source.text, end)
    empty_before = source.text[:start].endswith((source.newline * 2, source.newline * 3))
    at_top = not source.text[:start].strip()
    if (empty_before or at_top) and not source.text[end:after].strip():
        return Edit(start, after, "")
    return Edit(start, end, "")


def _bound(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name.partition(".")[0]
