"""Code that rules write in the style of the file that it goes into."""

from __future__ import annotations

import json
import re

import libcst as cst

from migrate_cli.convert.findings import Edit
from migrate_cli.convert.python_source import PythonSource

_REST_OF_LINE = re.compile(r"[ \t]*(,?)([ \t]*(?:#[^\r\n]*)?)(?=[\r\n])")
_QUOTED = re.compile(r'(?<!")"([^"\\\n]*)"(?!")')


def in_style(source: PythonSource, code: str) -> list[str]:
    """The lines of some code that is written with double quotes and indented by four spaces, in the
    quotes and with the indentation of the module."""
    if source.quote == "'":
        code = _QUOTED.sub(r"'\1'", code)
    unit = source.module.default_indent
    return [_indented(line, unit) for line in code.rstrip("\n").split("\n")]


def _indented(line: str, unit: str) -> str:
    rest = line.lstrip(" ")
    return unit * ((len(line) - len(rest)) // 4) + rest


def quoted(source: PythonSource, text: str) -> str:
    """A string as the module would write it."""
    written = json.dumps(text, ensure_ascii=True)
    plain = "'" not in text and '"' not in text and "\\" not in text
    return f"'{text}'" if source.quote == "'" and plain else written


def elements_added(
    source: PythonSource,
    literal: cst.List | cst.Tuple,
    texts: list[str],
    *,
    after: int | None = None,
) -> Edit:
    """The edit that puts strings into a list or tuple, behind the element with the index ``after``
    (-1: in front), else at its end; one in a line where its elements have lines of their own."""
    elements = literal.elements
    written = [quoted(source, text) for text in texts]
    if not elements:
        start, _ = source.span(literal)
        at = start + 1 if source.text[start] in "[(" else start  # a tuple's span has no brackets
        comma = "," if isinstance(literal, cst.Tuple) and len(written) == 1 else ""
        return Edit(at, at, ", ".join(written) + comma)
    if after == -1:
        at = source.span(elements[0].value)[0]
        separator = _separator(source, literal)
        return Edit(at, at, "".join(f"{one},{separator}" for one in written))
    element = elements[len(elements) - 1 if after is None else after]
    separator = _separator(source, literal)
    return items_added(source, element.value, written, separator)


def items_added(source: PythonSource, last: cst.CSTNode, items: list[str], separator: str) -> Edit:
    """The edit that puts items behind another one. With a separator of a line end they get lines
    of their own, so that a comment stays with its item."""
    at = source.span(last)[1]
    rest = _REST_OF_LINE.match(source.text, at)
    if separator == " " or rest is None:
        return Edit(at, at, "".join(f",{separator}{one}" for one in items))
    comma = "" if rest[1] else ","
    lines = [f"{separator}{one}" for one in items]
    return Edit(at, rest.end(2), comma + rest[0] + ",".join(lines) + ("," if rest[1] else ""))


def _separator(source: PythonSource, literal: cst.List | cst.Tuple) -> str:
    """What stands between two elements: a line end and white space, or a space."""
    first = literal.elements[0].value
    if source.text[: source.span(first)[0]].rstrip(" \t").endswith(("\n", "\r")):
        return source.newline + source.indent(first)
    if len(literal.elements) > 1:
        line = source.text[source.span(first)[1] : source.span(literal.elements[1].value)[0]]
        if "\n" in line or "\r" in line:
            return source.newline + source.indent(literal.elements[1].value)
    return " "
