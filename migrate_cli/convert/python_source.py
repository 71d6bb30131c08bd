"""A Python module that is read by meaning: LibCST's tree with its imports resolved."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeVar

import libcst as cst
from libcst.metadata import (
    ByteSpanPositionProvider,
    MetadataWrapper,
    QualifiedNameProvider,
    QualifiedNameSource,
)

from migrate_cli.convert.findings import Edit
from migrate_cli.convert.import_names import ImportNames
from migrate_cli.convert.syntax import below, children, dotted_name

Node = TypeVar("Node", bound=cst.CSTNode)
_MISSING = object()


class PythonSource:
    """The text of a module and its tree. Raises cst.ParserSyntaxError for what is no Python."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        self.module = self._wrapper.module

    @cached_property
    def newline(self) -> str:
        """The line end that the module uses."""
        return self.module.default_newline

    @cached_property
    def quote(self) -> str:
        """The quotation mark that the module uses more often for short strings."""
        short = [one.quote for one in self.of_type(cst.SimpleString) if len(one.quote) == 1]
        return '"' if short.count('"') >= short.count("'") else "'"

    @cached_property
    def nodes(self) -> list[cst.CSTNode]:
        """All nodes but white space, outer ones first."""
        return list(below(self.module))

    @cached_property
    def _by_type(self) -> dict[type[cst.CSTNode], list[cst.CSTNode]]:
        found: dict[type[cst.CSTNode], list[cst.CSTNode]] = {}
        for node in self.nodes:
            found.setdefault(type(node), []).append(node)
        return found

    @cached_property
    def _parents(self) -> dict[int, cst.CSTNode]:
        return {id(child): node for node in self.nodes for child in children(node)}

    @cached_property
    def _imports(self) -> ImportNames:
        return ImportNames(self._by_type)

    def of_type(self, kind: type[Node]) -> list[Node]:
        """All nodes of exactly this kind."""
        return self._by_type.get(kind, [])  # type: ignore[return-value]

    def qualified(self, node: cst.CSTNode) -> str:
        """The dotted name that an expression has by the module's imports, wherever they stand and
        whatever they are called here; "" for what is not imported, or not one thing only."""
        written = dotted_name(node)
        if not written:
            return ""
        meaning = self._imports.meaning(written)
        return self._by_scopes(node) if meaning is None else meaning

    @cached_property
    def uses(self) -> dict[cst.CSTNode, str]:
        """The expressions that stand for imported things, outside of imports, and their names."""
        names = [*self.of_type(cst.Name), *self.of_type(cst.Attribute)]
        imports = [*self.of_type(cst.Import), *self.of_type(cst.ImportFrom)]
        inside = {id(node) for statement in imports for node in below(statement)}
        return {
            node: name
            for node in names
            if id(node) not in inside
            and not self.is_member(node)
            and (name := self.qualified(node))
        }

    def is_member(self, node: cst.CSTNode) -> bool:
        """Whether a name only says which attribute or keyword is meant."""
        parent = self.parent(node)
        if isinstance(parent, cst.Arg):
            return parent.keyword is node
        return isinstance(parent, cst.Attribute) and parent.attr is node

    def _by_scopes(self, node: cst.CSTNode) -> str:
        names = self._metadata(QualifiedNameProvider, node, ())
        found = {one.name for one in names if one.source is QualifiedNameSource.IMPORT}
        return found.pop() if len(found) == 1 and len(names) == 1 else ""

    def may_be_two_things(self, node: cst.Name) -> bool:
        """Whether a name stands for an import or for something else, by the way that was taken."""
        if self._imports.meaning(node.value) is not None:
            return False
        names = self._metadata(QualifiedNameProvider, node, ())
        return len(names) > 1 and any(one.source is QualifiedNameSource.IMPORT for one in names)

    def imported(self, name: str) -> str:
        """What an import binds a name of the module to; "" if none does, or not that alone."""
        return self._imports.meaning(name) or ""

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node around a node."""
        return self._parents.get(id(node))

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around a node, inner ones first."""
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def enclosing(self, node: cst.CSTNode, kind: type[Node]) -> Node | None:
        """The innermost node of a kind around a node."""
        return next((one for one in self.ancestors(node) if isinstance(one, kind)), None)

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where the node is, in characters of the text."""
        where = self._metadata(ByteSpanPositionProvider, node, None)
        return self._character(where.start), self._character(where.start + where.length)

    def line(self, node: cst.CSTNode) -> int:
        """The line in which a node begins."""
        return self.line_at(self.span(node)[0])

    def line_at(self, offset: int) -> int:
        """The line of a character."""
        return line_at(self.text, offset)

    def code(self, node: cst.CSTNode) -> str:
        """The node as it is written."""
        start, end = self.span(node)
        return self.text[start:end]

    def replaced(self, node: cst.CSTNode, text: str) -> Edit:
        """The edit that puts something else in a node's place."""
        return Edit(*self.span(node), text)

    def lines_of(self, node: cst.CSTNode) -> tuple[int, int]:
        """From the start of the node's first line to the start of the line after its last one."""
        start, end = self.span(node)
        first = max(self.text.rfind("\n", 0, start), self.text.rfind("\r", 0, start)) + 1
        return first, end_of_line(self.text, end)

    def indent(self, node: cst.CSTNode) -> str:
        """The white space in front of the line in which a node begins."""
        first, _ = self.lines_of(node)
        rest = self.text[first:]
        return rest[: len(rest) - len(rest.lstrip(" \t\f"))]

    @cached_property
    def end(self) -> int:
        """Behind the last character."""
        return len(self.text)

    def appended(self, *lines: str) -> Edit:
        """The edit that puts lines behind everything, after an empty one."""
        parts = [] if not self.text or self.text.endswith(("\n", "\r")) else [""]
        return Edit(self.end, self.end, self.newline.join([*parts, "", *lines, ""]))

    def string(self, node: cst.CSTNode | None) -> str | None:
        """The value of a string that is written out; None for anything else."""
        return string_value(node)

    @cached_property
    def after_imports(self) -> int:
        """Where another import can be put: behind the last import at the top of the module, else
        behind the docstring and the __future__ imports, else at the first statement."""
        place = None
        for number, statement in enumerate(self.module.body):
            if is_import(statement) or (number == 0 and is_docstring(statement)):
                place = statement
            elif place is not None and not isinstance(statement, cst.SimpleStatementLine):
                break
        if place is not None:
            return self.lines_of(place)[1]
        return self.lines_of(self.module.body[0])[0] if self.module.body else 0

    def import_added(self, line: str) -> Edit:
        """The edit that adds an import."""
        at = self.after_imports
        lead = "" if at == 0 or self.text[at - 1] in "\r\n" else self.newline
        first = not any(is_import(one) for one in self.module.body)
        return Edit(at, at, f"{lead}{line}{self.newline}{self.newline if first else ''}")

    def first_import_added(self, line: str) -> Edit:
        """The edit that adds an import in front of the others, where plain imports sort."""
        for statement in self.module.body:
            if is_import(statement) and "__future__" not in self.code(statement):
                first, _ = self.lines_of(statement)
                return Edit(first, first, f"{line}{self.newline}")
        return self.import_added(line)

    @cached_property
    def _utf8(self) -> bytes | None:
        return None if self.text.isascii() else self.text.encode("utf-8")

    def _character(self, byte: int) -> int:
        return byte if self._utf8 is None else len(self._utf8[:byte].decode("utf-8"))

    def _metadata(self, provider: Any, node: cst.CSTNode, default: Any) -> Any:
        found = self._wrapper.resolve(provider).get(node, _MISSING)
        if found is _MISSING:
            return default
        return found() if callable(found) else found


def string_value(node: cst.CSTNode | None) -> str | None:
    """The value of a string that is written out; None for anything else."""
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def is_import(statement: cst.CSTNode) -> bool:
    """Whether a statement imports."""
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(part, (cst.Import, cst.ImportFrom)) for part in statement.body
    )


def is_docstring(statement: cst.CSTNode) -> bool:
    """Whether a statement is a string that stands for itself."""
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and isinstance(statement.body[0], cst.Expr)
        and isinstance(statement.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
    )


def line_at(text: str, offset: int) -> int:
    """The line of a character. Line ends are those of Python: LF, CR LF and CR."""
    before = text[:offset]
    return 1 + before.count("\n") + before.count("\r") - before.count("\r\n")


def end_of_line(text: str, offset: int) -> int:
    """The start of the line after the one that holds ``offset``."""
    for at in range(offset, len(text)):
        if text[at] == "\n":
            return at + 1
        if text[at] == "\r":
            return at + 2 if text[at + 1 : at + 2] == "\n" else at + 1
    return len(text)


def newline_of(text: str) -> str:
    """The line end that a text uses first."""
    at = end_of_line(text, 0)
    line = text[:at]
    for ending in ("\r\n", "\n", "\r"):
        if line.endswith(ending):
            return ending
    return "\n"
