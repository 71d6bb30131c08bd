"""Names that moved to another module: where a module imports and uses them, and what to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from migrate_cli.convert.findings import Edit
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.syntax import dotted_name


@dataclass(frozen=True)
class MovedName:
    """A name that a module imports from where it is no more."""

    old: str
    new: str
    place: cst.CSTNode
    """The import, or the first use."""
    uses: tuple[cst.CSTNode, ...]
    """The expressions that stand for the name, outside of imports."""
    edits: tuple[Edit, ...]
    """The new import."""
    problem: str = ""
    """Why the import cannot be rewritten; empty if it can."""
    renamed: str = ""
    """What every use has to say instead; empty where uses stay."""

    def use_edits(self, source: PythonSource, use: cst.CSTNode) -> list[Edit]:
        """The edits of one use."""
        return [source.replaced(use, self.renamed)] if self.renamed else []

    def all_edits(self, source: PythonSource) -> tuple[Edit, ...]:
        """The import and every use."""
        uses = [edit for use in self.uses for edit in self.use_edits(source, use)]
        return (*self.edits, *uses)


def moved_name(project: Project, source: PythonSource, old: str, new: str) -> MovedName | None:
    """How a module uses a name that moved; None if it does not.

    Both the import of the name (``from a.b import c as d``) and of a module above it
    (``import a.b``, ``from a import b``) are understood.
    """
    if old.rpartition(".")[2] not in source.text:
        return None
    uses = uses_of(project, source, old)
    direct = next(imports_of(project, source, old), None)
    if direct is not None:
        statement, alias = direct
        keeps = alias.asname is not None or _leaf(new) == _leaf(old)
        return MovedName(
            *(old, new, statement, uses),
            edits=_import_edits(source, statement, alias, new),
            problem="it is reached in two ways"
            if any(isinstance(use, cst.Attribute) for use in uses)
            else "",
            renamed="" if keeps else _leaf(new),
        )
    if not uses:
        return None
    leaf = _leaf(new)
    local = f"notifs_{leaf}" if _is_taken(source, leaf) else leaf
    line = f"from {_module(new)} import {leaf}" + ("" if local == leaf else f" as {local}")
    edits = [source.import_added(line), *_superfluous_import(project, source, old, uses)]
    return MovedName(old, new, uses[0], uses, tuple(edits), renamed=local)


def uses_of(project: Project, source: PythonSource, name: str) -> tuple[cst.CSTNode, ...]:
    """The expressions that stand for an imported name, outside of imports."""
    return tuple(
        node for node in source.uses if project.absolute(source, source.uses[node]) == name
    )


def imports_of(
    project: Project, source: PythonSource, name: str
) -> Iterator[tuple[cst.ImportFrom, cst.ImportAlias]]:
    """The places that import a name by ``from … import``."""
    for statement in source.of_type(cst.ImportFrom):
        if isinstance(statement.names, cst.ImportStar):
            continue
        module = imported_module(project, source, statement)
        for alias in statement.names:
            if f"{module}.{alias.evaluated_name}".lstrip(".") == name:
                yield statement, alias


def imported_module(project: Project, source: PythonSource, statement: cst.ImportFrom) -> str:
    """The dotted name of the module that ``from … import`` names."""
    inner = dotted_name(statement.module)
    return project.absolute(source, "." * len(statement.relative) + inner)


def alias_removed(source: PythonSource, statement: cst.ImportFrom, alias: cst.ImportAlias) -> Edit:
    """The edit that takes a name out of an import; with the last name the import goes."""
    names = [] if isinstance(statement.names, cst.ImportStar) else list(statement.names)
    if len(names) == 1:
        return Edit(*source.lines_of(statement), "")
    index = names.index(alias)
    if index + 1 < len(names):
        return Edit(source.span(alias)[0], source.span(names[index + 1])[0], "")
    return Edit(_alias_end(source, names[index - 1]), _alias_end(source, alias), "")


def _alias_end(source: PythonSource, alias: cst.ImportAlias) -> int:
    """Behind the name, before its comma."""
    return source.span(alias.name if alias.asname is None else alias.asname.name)[1]


def _import_edits(
    source: PythonSource, statement: cst.ImportFrom, alias: cst.ImportAlias, new: str
) -> tuple[Edit, ...]:
    module, leaf = _module(new), _leaf(new)
    if not isinstance(statement.names, cst.ImportStar) and len(statement.names) == 1:
        parts = [*statement.relative, *([statement.module] if statement.module else [])]
        start, end = source.span(parts[0])[0], source.span(parts[-1])[1]
        name = source.replaced(alias.name, leaf)
        return (
            (Edit(start, end, module), name)
            if alias.evaluated_name != leaf
            else (Edit(start, end, module),)
        )
    asname = "" if alias.asname is None else f" as {alias.evaluated_alias}"
    first, _ = source.lines_of(statement)
    line = f"{source.indent(statement)}from {module} import {leaf}{asname}{source.newline}"
    return Edit(first, first, line), alias_removed(source, statement, alias)


def _superfluous_import(
    project: Project, source: PythonSource, old: str, uses: tuple[cst.CSTNode, ...]
) -> list[Edit]:
    """The import of the module that is gone, taken out if these were its only uses."""
    module = _module(old)
    of_module = uses_of(project, source, module)
    if any(source.parent(node) not in uses for node in of_module):
        return []
    edits = [alias_removed(source, *one) for one in imports_of(project, source, module)]
    for plain in source.of_type(cst.Import):
        alone = len(plain.names) == 1 and _is_alone(source, plain)
        if alone and plain.names[0].evaluated_name == module:
            edits.append(Edit(*source.lines_of(plain), ""))
    return edits


def _is_alone(source: PythonSource, statement: cst.CSTNode) -> bool:
    """Whether no other statement stands in its line."""
    line = source.parent(statement)
    return isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1


def _is_taken(source: PythonSource, name: str) -> bool:
    return any(
        node.value == name and not source.is_member(node) for node in source.of_type(cst.Name)
    )


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]


def _module(name: str) -> str:
    return name.rpartition(".")[0]
