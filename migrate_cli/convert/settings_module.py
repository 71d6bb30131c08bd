"""A settings module: the statements that make its settings, and the modules that it builds on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import libcst as cst

from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.syntax import below, children


@dataclass(frozen=True, eq=False)
class Assignment:
    """A statement of a settings module that makes or changes a setting."""

    statement: cst.SimpleStatementLine
    value: cst.BaseExpression
    fresh: bool
    """Whether the setting is made anew, whatever it was before."""


@dataclass(frozen=True, eq=False)
class SettingsModule:
    """A module with settings at its top level."""

    source: PythonSource
    bases: tuple[SettingsModule, ...]
    """The settings modules that it imports everything of, or names of."""

    @property
    def path(self) -> str:
        return self.source.path

    @cached_property
    def chain(self) -> tuple[SettingsModule, ...]:
        """The module and all it builds on, nearest first."""
        found = dict.fromkeys([self])
        for base in self.bases:
            found |= dict.fromkeys(base.chain)
        return tuple(found)

    @cached_property
    def assignments(self) -> dict[str, list[Assignment]]:
        """The module's own statements for each name, in their order."""
        found: dict[str, list[Assignment]] = {}
        for statement, part in _statements(self.source.module.body):
            for name, value, fresh in _targets(part):
                found.setdefault(name, []).append(Assignment(statement, value, fresh))
        return found

    def makes(self, name: str) -> bool:
        """Whether the module itself makes the setting anew."""
        return any(one.fresh for one in self.assignments.get(name, ()))

    def knows(self, name: str) -> bool:
        """Whether the setting is made here or in what the module builds on."""
        return any(one.makes(name) for one in self.chain)

    def values(self, name: str) -> list[tuple[SettingsModule, Assignment]]:
        """All statements of the setting, here and in what the module builds on."""
        return [(one, each) for one in self.chain for each in one.assignments.get(name, ())]


def assigned_names(source: PythonSource) -> set[str]:
    """The names that a module sets or changes at its top level."""
    return {name for _, part in _statements(source.module.body) for name, _, _ in _targets(part)}


def _statements(
    body: Sequence[cst.CSTNode],
) -> Iterator[tuple[cst.SimpleStatementLine, cst.BaseSmallStatement]]:
    """The simple statements at the top level, those below if, try, with, for and else too."""
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            for part in statement.body:
                yield statement, part
        elif isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
            continue
        elif isinstance(
            statement,
            (
                *(cst.If, cst.Else, cst.Try, cst.ExceptHandler, cst.Finally),
                *(cst.With, cst.For, cst.While, cst.IndentedBlock),
            ),
        ):
            yield from _statements(list(children(statement)))


def _targets(
    part: cst.BaseSmallStatement,
) -> Iterator[tuple[str, cst.BaseExpression, bool]]:
    """Name, value, and whether the name is made anew, of what a statement sets or changes."""
    if isinstance(part, cst.Assign):
        for target in part.targets:
            name = _root_name(target.target)
            if name:
                whole = isinstance(target.target, cst.Name)
                yield name, part.value, whole and not _mentions(part.value, name)
    elif isinstance(part, cst.AnnAssign) and part.value is not None:
        if isinstance(part.target, cst.Name):
            name = part.target.value
            yield name, part.value, not _mentions(part.value, name)
    elif isinstance(part, cst.AugAssign):
        name = _root_name(part.target)
        if name:
            yield name, part.value, False
    elif isinstance(part, cst.Expr) and isinstance(part.value, cst.Call):
        call = part.value
        if isinstance(call.func, cst.Attribute):
            name = _root_name(call.func.value)
            if name:
                yield name, call, False


def _root_name(target: cst.CSTNode) -> str:
    """``X`` of ``X``, ``X["a"]`` and ``X["a"]["b"]``."""
    while isinstance(target, cst.Subscript):
        target = target.value
    return target.value if isinstance(target, cst.Name) else ""


def _mentions(value: cst.CSTNode, name: str) -> bool:
    return any(isinstance(node, cst.Name) and node.value == name for node in below(value))
