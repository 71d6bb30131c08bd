"""Walking LibCST's trees, fast: `CSTNode.children` rebuilds each node that it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any

import libcst as cst

_SPACE = (
    cst.BaseParenthesizableWhitespace,
    cst.TrailingWhitespace,
    cst.EmptyLine,
    cst.Comment,
    cst.Newline,
    cst.Comma,
    cst.AssignEqual,
    cst.LeftParen,
    cst.RightParen,
)


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes right below a node, without white space, comments and commas. Not always in the
    order of the text: a function's decorators come behind its body."""
    for name in _names(type(node)):
        value: Any = getattr(node, name)
        kind = type(value)
        if kind is tuple or kind is list:
            for one in value:
                if _is_wanted(type(one)):  # type: ignore[arg-type]
                    yield one
        elif _is_wanted(kind):  # type: ignore[arg-type]
            yield value


def below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and all below it."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        stack += reversed(list(children(one)))


def depth(node: cst.CSTNode) -> int:
    """How many nodes stand around the innermost one, and itself."""
    deepest, level = 0, [node]
    while level:
        deepest += 1
        level = [inner for one in level for inner in children(one)]
    return deepest


def dotted_name(node: cst.CSTNode | None) -> str:
    """``a.b.c`` of names and attributes; "" for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return ""
    return ".".join([node.value, *reversed(parts)])


# By type: an isinstance() with LibCST's abstract classes costs more than all the rest.
@cache
def _is_wanted(kind: type) -> bool:
    return issubclass(kind, cst.CSTNode) and not issubclass(kind, _SPACE)


@cache
def _names(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if not one.name.startswith("whitespace"))
