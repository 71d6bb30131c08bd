"""The calls that send notifications, and the arguments that they get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, string_value

_NAMES = ("notifications.utils.notify", "notifications.signals.notify.send")


@dataclass(frozen=True)
class Argument:
    """A value that a call gets by name: a keyword, or an entry of a dictionary that goes in by
    ``**``."""

    name: str
    value: cst.BaseExpression
    shared: bool
    """Whether the dictionary is used for something else too."""


def notify_calls(project: Project, source: PythonSource) -> Iterator[cst.Call]:
    """The calls of ``notify()``, in the form of the signal too."""
    for call in source.of_type(cst.Call):
        if project.name_of(source, call.func) in _NAMES:
            yield call


def arguments(source: PythonSource, call: cst.Call) -> Iterator[Argument]:
    """The arguments whose names can be seen."""
    for arg in call.args:
        if arg.keyword is not None:
            yield Argument(arg.keyword.value, arg.value, shared=False)
        elif arg.star == "**":
            yield from _entries(arg.value, shared=False)
            if isinstance(arg.value, cst.Name):
                made, shared = _made_as(source, arg.value)
                if made is not None:
                    yield from _entries(made, shared=shared)


def _entries(value: cst.BaseExpression, *, shared: bool) -> Iterator[Argument]:
    if isinstance(value, cst.Dict):
        for element in value.elements:
            if isinstance(element, cst.DictElement):
                name = string_value(element.key)
                if name is not None:
                    yield Argument(name, element.value, shared)
    elif isinstance(value, cst.Call) and isinstance(value.func, cst.Name):
        if value.func.value == "dict":
            for arg in value.args:
                if arg.keyword is not None:
                    yield Argument(arg.keyword.value, arg.value, shared)


def _made_as(source: PythonSource, name: cst.Name) -> tuple[cst.BaseExpression | None, bool]:
    """What a local name was made as, if it is made once; and whether it has other uses."""
    function = source.enclosing(name, cst.FunctionDef)
    inside = [
        node
        for node in source.of_type(cst.Name)
        if node.value == name.value and source.enclosing(node, cst.FunctionDef) is function
    ]
    made = [
        assign.value
        for node in inside
        if isinstance(target := source.parent(node), cst.AssignTarget)
        and isinstance(assign := source.parent(target), cst.Assign)
    ]
    value = made[0] if len(made) == 1 else None
    return value, len(inside) > 2
