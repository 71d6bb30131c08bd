"""Putting a changed class where it was."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from migrate_cli.convert.findings import Edit
from migrate_cli.convert.python_source import PythonSource


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


def unused_pika_import(source: PythonSource, gone: Iterable[cst.CSTNode]) -> list[Edit]:
    """The edit that takes ``import pika`` out if nothing else than the nodes uses it."""
    inside = {id(node) for one in gone for node in _below(one)}
    for statement in source.of_type(cst.Import):
        names = [alias.evaluated_name for alias in statement.names]
        line = source.parent(statement)
        if names != ["pika"] or not isinstance(line, cst.SimpleStatementLine):
            continue
        alias = statement.names[0].evaluated_alias or "pika"
        uses = [
            node
            for node in source.of_type(cst.Name)
            if node.value == alias
            and id(node) not in inside
            and not isinstance(source.parent(node), (cst.ImportAlias, cst.AsName))
        ]
        if not uses and len(line.body) == 1:
            return [Edit(*source.lines_of(statement), "")]
    return []


def _below(node: cst.CSTNode) -> list[cst.CSTNode]:
    found = [node]
    for child in node.children:
        found += _below(child)
    return found
