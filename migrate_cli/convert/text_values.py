"""What an expression in a notification channel stands for: a key of the notification, or a text."""

from __future__ import annotations

import libcst as cst

from migrate_cli.convert.channel_classes import ChannelClass
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.syntax import below

_DUMPS = frozenset(
    {"json.dumps", "simplejson.dumps", "ujson.dumps", "django.utils.encoding.force_str"}
)


def key_path(function: cst.FunctionDef, value: cst.BaseExpression | None) -> tuple[str, ...] | None:
    """The keys by which a value is taken from ``self.notification_kwargs``, by ``[…]`` or
    ``.get(…)``, directly or through local names; None for anything else."""
    if value is None:
        return None
    if isinstance(value, cst.Attribute):
        is_root = isinstance(value.value, cst.Name) and value.value.value == "self"
        return () if is_root and value.attr.value == "notification_kwargs" else None
    if isinstance(value, cst.Name):
        made = _made_as(function, value.value)
        return None if made is None else key_path(function, made)
    if isinstance(value, cst.Subscript) and len(value.slice) == 1:
        index = value.slice[0].slice
        key = string_value(index.value) if isinstance(index, cst.Index) else None
        return _longer(key_path(function, value.value), key)
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute):
        if value.func.attr.value == "get" and value.args:
            return _longer(key_path(function, value.func.value), string_value(value.args[0].value))
    return None


def dumps_argument(
    project: Project, source: PythonSource, function: cst.FunctionDef
) -> cst.BaseExpression | None:
    """What a function returns ``json.dumps`` of, if it does only that."""
    returned = _returned(function)
    if len(returned) != 1:
        return None
    value: cst.BaseExpression | None = returned[0]
    if isinstance(value, cst.Name):
        value = _made_as(function, value.value)
    if not isinstance(value, cst.Call) or len(value.args) != 1:
        return None
    found: cst.BaseExpression = value.args[0].value
    return found if project.name_of(source, value.func) == "json.dumps" else None


def text_of(
    project: Project,
    source: PythonSource,
    function: cst.FunctionDef,
    channel: ChannelClass,
    value: cst.BaseExpression,
) -> str:
    """Code for the text of a body: pika takes both texts and bytes, the publisher texts."""
    if _is_text(project, source, function, value):
        return source.code(value)
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute):
        if value.func.attr.value == "encode":
            return source.code(value.func.value)
    made = channel.methods.get("construct_message")
    if isinstance(value, cst.Name) and made is not None and _made_as(function, value.value) is None:
        returned = _returned(made)
        if returned and all(_is_text(project, source, made, one) for one in returned):
            return source.code(value)
    return f"force_str({source.code(value)})"


def _is_text(
    project: Project, source: PythonSource, function: cst.FunctionDef, value: cst.CSTNode | None
) -> bool:
    if isinstance(value, (cst.FormattedString, cst.SimpleString, cst.ConcatenatedString)):
        return not source.code(value).lstrip("rR").startswith(("b", "B"))
    if isinstance(value, cst.Name):
        made = _made_as(function, value.value)
        return made is not None and _is_text(project, source, function, made)
    if isinstance(value, cst.Call):
        if project.name_of(source, value.func) in _DUMPS:
            return True
        if isinstance(value.func, cst.Name) and value.func.value == "str":
            return True
        if isinstance(value.func, cst.Attribute) and value.func.attr.value in {"format", "join"}:
            return string_value(value.func.value) is not None
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.Modulo):
        return string_value(value.left) is not None
    return False


def _made_as(function: cst.FunctionDef, name: str) -> cst.BaseExpression | None:
    """What a local name is set to, if it is set once."""
    found = []
    for node in below(function.body):
        if isinstance(node, cst.Assign):
            for target in node.targets:
                if isinstance(target.target, cst.Name) and target.target.value == name:
                    found.append(node.value)
        elif isinstance(node, (cst.AugAssign, cst.For)):
            target_name = node.target
            if isinstance(target_name, cst.Name) and target_name.value == name:
                return None
    return found[0] if len(found) == 1 else None


def _returned(function: cst.FunctionDef) -> list[cst.BaseExpression]:
    return [
        node.value
        for node in below(function.body)
        if isinstance(node, cst.Return) and node.value is not None
    ]


def _longer(path: tuple[str, ...] | None, key: str | None) -> tuple[str, ...] | None:
    return None if path is None or key is None else (*path, key)
