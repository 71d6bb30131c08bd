"""What in a module comes from pika: connections, channels, and the functions that return them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import libcst as cst

from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.syntax import below

_DEPTH = 3


@lru_cache(maxsize=64)
def pika_use(project: Project, source: PythonSource) -> PikaUse:
    """The pika things of a module."""
    return PikaUse(project, source)


class PikaUse:
    """Follows pika's objects through assignments, ``with``, attributes of ``self`` and functions,
    those of other modules of the project too."""

    def __init__(self, project: Project, source: PythonSource, depth: int = _DEPTH) -> None:
        self._project = project
        self._source = source
        self._depth = depth
        self._names: set[tuple[int, str]] = set()
        self._functions: set[str] = set()
        """Names of functions and methods of the module that return something of pika."""
        self._attributes: set[str] = set()
        """Attributes of ``self``."""
        self._elsewhere: dict[str, bool] = {}
        if not project.is_local("pika"):
            self._settle()

    def comes_from_pika(self, node: cst.CSTNode) -> bool:
        """Whether an expression is, or is reached through, something of pika."""
        return any(self._is_source(one) for one in _spine(node))

    def mentions(self, node: cst.CSTNode) -> bool:
        """Whether anything of pika stands anywhere in a node."""
        return any(
            self._is_source(one)
            for one in below(node)
            if isinstance(one, (cst.Name, cst.Attribute, cst.Call))
        )

    def returns_pika(self, function: cst.FunctionDef) -> bool:
        """Whether a function hands out something of pika."""
        return function.name.value in self._functions

    def _settle(self) -> None:
        before = -1
        while before != (before := self._size()):
            for node in self._source.nodes:
                if isinstance(node, (cst.Assign, cst.AnnAssign)):
                    self._assign(node)
                elif isinstance(node, cst.NamedExpr):
                    self._bind(node.target, node.value)
                elif isinstance(node, cst.With):
                    for item in node.items:
                        if item.asname is not None:
                            self._bind(item.asname.name, item.item)
                elif isinstance(node, (cst.Return, cst.Yield)) and node.value is not None:
                    self._hand_out(node, node.value)
            if before == self._size():
                return

    def _size(self) -> int:
        return len(self._names) + len(self._functions) + len(self._attributes)

    def _assign(self, node: cst.Assign | cst.AnnAssign) -> None:
        if node.value is None:
            return
        targets = (
            [node.target]
            if isinstance(node, cst.AnnAssign)
            else [target.target for target in node.targets]
        )
        for target in targets:
            self._bind(target, node.value)

    def _bind(self, target: cst.CSTNode, value: cst.CSTNode) -> None:
        if not self._gives(value):
            return
        if isinstance(target, cst.Tuple):
            for element in target.elements:
                self._mark(element.value)
        else:
            self._mark(target)

    def _mark(self, target: cst.CSTNode) -> None:
        if isinstance(target, cst.Name):
            self._names.add((self._home(target), target.value))
        elif isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name):
            if target.value.value in {"self", "cls"}:
                self._attributes.add(target.attr.value)

    def _hand_out(self, node: cst.CSTNode, value: cst.CSTNode) -> None:
        parts = (
            [element.value for element in value.elements]
            if isinstance(value, cst.Tuple)
            else [value]
        )
        function = self._source.enclosing(node, cst.FunctionDef)
        if function is not None and any(self._gives(part) for part in parts):
            self._functions.add(function.name.value)

    def _gives(self, value: cst.CSTNode) -> bool:
        """Whether a value is an object of pika (and not, say, what a queue's name is)."""
        if isinstance(value, cst.Await):
            return self._gives(value.expression)
        return self.comes_from_pika(value)

    def _is_source(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Call):
            node = node.func
        if isinstance(node, cst.Name):
            if any((home, node.value) in self._names for home in self._homes(node)):
                return True
            if node.value in self._functions and self._is_called(node):
                return True
        if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            own = node.value.value in {"self", "cls"}
            if own and node.attr.value in self._attributes | self._functions:
                return True
        name = self._project.name_of(self._source, node)
        if name == "pika" or name.startswith("pika."):
            return True
        return bool(name) and self._is_elsewhere(name)

    def _is_called(self, node: cst.CSTNode) -> bool:
        parent = self._source.parent(node)
        return isinstance(parent, cst.Call) and parent.func is node

    def _is_elsewhere(self, dotted: str) -> bool:
        """Whether a function of another module of the project returns something of pika."""
        if dotted in self._elsewhere:
            return self._elsewhere[dotted]
        self._elsewhere[dotted] = False
        module, _, leaf = dotted.rpartition(".")
        path = self._project.module_path(module) if module and self._depth else None
        source = self._project.sources.get(path) if path else None
        if source is not None and source is not self._source and "pika" in source.text:
            there = PikaUse(self._project, source, self._depth - 1)
            known = leaf in there._functions or (0, leaf) in there._names
            self._elsewhere[dotted] = known
        return self._elsewhere[dotted]

    def _homes(self, node: cst.CSTNode) -> Iterator[int]:
        """The functions around a node, and the module: where its names may have been made."""
        for above in self._source.ancestors(node):
            if isinstance(above, cst.FunctionDef):
                yield id(above)
        yield 0

    def _home(self, node: cst.CSTNode) -> int:
        function = self._source.enclosing(node, cst.FunctionDef)
        return 0 if function is None else id(function)


def argument(call: cst.Call, name: str, position: int) -> cst.BaseExpression | None:
    """The argument of a call with a name and a position."""
    for index, arg in enumerate(call.args):
        if arg.keyword is not None and arg.keyword.value == name:
            return arg.value
        if arg.keyword is None and not arg.star and index == position:
            return arg.value
    return None


def method_calls(inside: cst.CSTNode, *names: str) -> Iterator[cst.Call]:
    """The calls of methods with these names in a node."""
    for node in below(inside):
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            if node.func.attr.value in names:
                yield node


def _spine(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The expression, and those that it is reached through: ``a``, ``a.b``, ``a.b()``, …"""
    while True:
        yield node
        if isinstance(node, cst.Call):
            node = node.func
        elif isinstance(node, (cst.Attribute, cst.Subscript)):
            node = node.value
        else:
            return
