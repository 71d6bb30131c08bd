"""Walking LibCST's trees, fast: `CSTNode.children` rebuilds each node that it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
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
        if isinstance(value, cst.CSTNode):
            if not isinstance(value, _SPACE):
                yield value
        elif isinstance(value, (tuple, list)):
            for one in value:
                if isinstance(one, cst.CSTNode) and not isinstance(one, _SPACE):
                    yield one


def below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and all below it."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        stack += reversed(list(children(one)))


def dotted_name(node: cst.CSTNode | None) -> str:
    """``a.b.c`` of names and attributes; "" for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return ""
    return ".".join([node.value, *reversed(parts)])


@lru_cache(maxsize=None)
def _names(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if not one.name.startswith("whitespace"))
