"""Names that moved to another module: where a module imports and uses them, and what to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
    """The new imports."""
    problem: str = ""
    """Why it cannot be rewritten; empty if it can."""
    renamed: Mapping[cst.CSTNode, str] = field(default_factory=dict)
    """What uses have to say instead; the others stay."""

    def use_edits(self, source: PythonSource, use: cst.CSTNode) -> list[Edit]:
        """The edits of one use."""
        return [source.replaced(use, self.renamed[use])] if use in self.renamed else []

    def written(self, source: PythonSource, use: cst.CSTNode) -> str:
        """A use as it is to be written."""
        return self.renamed.get(use) or source.code(use)

    def all_edits(self, source: PythonSource) -> tuple[Edit, ...]:
        """The import and every use."""
        uses = [edit for use in self.uses for edit in self.use_edits(source, use)]
        return (*self.edits, *uses)


def moved_name(project: Project, source: PythonSource, old: str, new: str) -> MovedName | None:
    """How a module uses a name that moved; None if it does not.

    Understood are the import of the name (``from a.b import c as d``), in several functions too,
    of everything (``from a.b import *``), of a module above it (``import a.b``, ``from a import
    b``), and from a module of the project that imports it in turn.
    """
    if _leaf(old) not in source.text:
        return None
    found, uses = list(imports_of(project, source, old)), uses_of(project, source, old)
    if not found and not uses:
        return None
    edits: list[Edit] = []
    local: dict[str, str] = {}
    for statement, alias in found:
        written = alias.evaluated_alias or alias.evaluated_name
        bound = written if alias.asname or _is_imported_of(project, source, written) else _leaf(new)
        local[written] = bound
        edits += _import_edits(source, statement, alias, new, bound)
    own = [use for use in uses if project.absolute(source, source.uses[use]) == old]
    names = [use for use in own if isinstance(use, cst.Name)]
    through_module = [use for use in own if not isinstance(use, cst.Name)]
    if any(use.value not in local for use in names):
        edits += _beside_star(project, source, old, new)
        local[_leaf(old)] = _leaf(new)
    name = ""
    if through_module:
        name = next((local[bound] for bound in _of_whole_module(source, found)), "")
        if not name:
            name, line = _name_to_import(source, new)
            edits.append(source.import_added(line))
        edits += _superfluous_import(project, source, old, uses)
    renamed: dict[cst.CSTNode, str] = {
        use: local[use.value] for use in names if local[use.value] != use.value
    }
    renamed |= dict.fromkeys(through_module, name)
    problem = "its name is bound in another way too" if _is_ambiguous(source, found) else ""
    place = found[0][0] if found else uses[0]
    return MovedName(old, new, place, uses, tuple(edits), problem, renamed)


def _is_imported_of(project: Project, source: PythonSource, name: str) -> bool:
    """Whether another module of the project imports the name of this one."""
    dotted = f"{project.module_name(source.path)}.{name}"
    return any(
        next(imports_of(project, other, dotted), None) is not None
        for other in project.sources.values()
        if other is not source and name in other.text
    )


def _beside_star(project: Project, source: PythonSource, old: str, new: str) -> list[Edit]:
    """The import of the new name in front of ``from … import *``, which gave the old one."""
    for statement in source.of_type(cst.ImportFrom):
        is_star = isinstance(statement.names, cst.ImportStar)
        if is_star and imported_module(project, source, statement) == _module(old):
            first, _ = source.lines_of(statement)
            indent = source.indent(statement)
            line = f"{indent}from {_module(new)} import {_leaf(new)}{source.newline}"
            return [Edit(first, first, line)]
    return []


def _of_whole_module(
    source: PythonSource, found: list[tuple[cst.ImportFrom, cst.ImportAlias]]
) -> Iterator[str]:
    """The names that imports outside of functions bind."""
    for statement, alias in found:
        if source.enclosing(statement, cst.FunctionDef) is None:
            yield alias.evaluated_alias or alias.evaluated_name


def _name_to_import(source: PythonSource, new: str) -> tuple[str, str]:
    """A name that is free in a module, and the import that binds it."""
    leaf = _leaf(new)
    name = f"notifs_{leaf}" if _is_taken(source, leaf) else leaf
    return name, f"from {_module(new)} import {leaf}" + ("" if name == leaf else f" as {name}")


def _is_ambiguous(
    source: PythonSource, found: list[tuple[cst.ImportFrom, cst.ImportAlias]]
) -> bool:
    """Whether a use may stand for the imported name or for something else, as after
    ``except ImportError: name = None``."""
    bound = {alias.evaluated_alias or alias.evaluated_name for _, alias in found}
    return any(
        node.value in bound and not source.is_member(node) and source.may_be_two_things(node)
        for node in source.of_type(cst.Name)
    )


def uses_of(project: Project, source: PythonSource, name: str) -> tuple[cst.CSTNode, ...]:
    """The expressions that stand for an imported name, outside of imports; also where a module of
    the project imported it first."""
    return tuple(
        node
        for node in source.uses
        if project.origin(project.absolute(source, source.uses[node])) == name
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
    source: PythonSource, statement: cst.ImportFrom, alias: cst.ImportAlias, new: str, bound: str
) -> tuple[Edit, ...]:
    """The import of the new name, under the name ``bound``."""
    module, leaf = _module(new), _leaf(new)
    if not isinstance(statement.names, cst.ImportStar) and len(statement.names) == 1:
        parts = [*statement.relative, *([statement.module] if statement.module else [])]
        start, end = source.span(parts[0])[0], source.span(parts[-1])[1]
        edits = [Edit(start, end, module)]
        written = leaf if bound == leaf or alias.asname else f"{leaf} as {bound}"
        if alias.evaluated_name != written:
            edits.append(source.replaced(alias.name, written))
        return tuple(edits)
    asname = "" if bound == leaf else f" as {bound}"
    first, _ = source.lines_of(statement)
    line = f"{source.indent(statement)}from {module} import {leaf}{asname}{source.newline}"
    return Edit(first, first, line), alias_removed(source, statement, alias)


def _superfluous_import(
    project: Project, source: PythonSource, old: str, uses: Sequence[cst.CSTNode]
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
