"""The ``notify`` and ``read`` signals of django-notifs become the functions of those names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.notifs_names import (
    MovedName,
    alias_removed,
    imported_module,
    imports_of,
    moved_name,
    uses_of,
)
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_notifs

RULE = "notifs_signal"
_MODULE = "notifications.signals"
_PATCHED = re.compile(r"(?:\w+\.)+notify\.send(?:_robust)?")
_SIGNALS = ("notifications.signals.notify", "notifications.signals.read")

EXAMPLE = Example(
    {
        "chat/views.py": """\
from notifications.signals import notify


def announce(user, message):
    notify.send(
        sender=user.__class__, source=user, channels=["websocket"], silent=True,
        extra_data={"uri": message.room, "message": message.text},  # as the page wants it
    )
"""
    },
    {
        "chat/views.py": """\
from notifications.utils import notify


def announce(user, message):
    notify(
        source=user, channels=["websocket"], silent=True,
        extra_data={"uri": message.room, "message": message.text},  # as the page wants it
    )
"""
    },
)


@rule(
    title="The signals `notify` and `read` are functions",
    follows="django-notifs 2.6.5 took the signals away; `notifications.utils` has the functions",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Calls of ``send`` become calls of the function, when a module uses the signal for nothing
    else: a receiver of its own, or the list that ``send`` returns, has nothing to stand for it.
    Names in strings (``mock.patch``) are listed."""
    if not uses_notifs(project):
        return
    for source in project.sources_with("notif"):
        is_used = False
        for name in _SIGNALS:
            moved = moved_name(
                project, source, name, f"notifications.utils.{name.rpartition('.')[2]}"
            )
            if moved is not None:
                is_used = True
                yield from _signal(source, moved)
        if not is_used:
            yield from _left_over(project, source)
        yield from _strings(source)


def _signal(source: PythonSource, moved: MovedName) -> Iterator[Finding]:
    calls, others = [], []
    for use in moved.uses:
        call = _send_call(source, use)
        (others.append(use) if call is None else calls.append(call))
    if others or moved.problem:
        for use in others or [moved.place]:
            yield Finding(RULE, source.path, source.line(use), _reason(moved), Safety.BY_HAND)
        return
    first, *rest = [_call_edits(source, call, moved) for call in calls] or [[]]
    what = f"{moved.old} is a function since django-notifs 2.6.5: it is called, not sent."
    line = source.line(calls[0]) if calls else source.line(moved.place)
    edits = (*moved.edits, *first, *(edit for more in rest for edit in more))
    if edits:
        yield Finding(RULE, source.path, line, what, Safety.SAFE, edits)
    for call in calls[1:]:
        yield Finding(RULE, source.path, source.line(call), what, Safety.SAFE)


def _left_over(project: Project, source: PythonSource) -> Iterator[Finding]:
    """Imports of the module with the signals, which fail, where nothing of it is used any more."""
    what = f"{_MODULE} is gone since django-notifs 2.6.5."
    for statement in source.of_type(cst.ImportFrom):
        is_star = isinstance(statement.names, cst.ImportStar)
        if is_star and imported_module(project, source, statement) == _MODULE:
            yield _taken_out(source, statement, what)
    if uses_of(project, source, _MODULE):
        return
    for statement, alias in imports_of(project, source, _MODULE):
        edits = (alias_removed(source, statement, alias),)
        yield Finding(RULE, source.path, source.line(statement), what, Safety.SAFE, edits)
    for plain in source.of_type(cst.Import):
        for one in plain.names:
            if one.evaluated_name != _MODULE:
                continue
            if one.asname is None and uses_of(project, source, "notifications"):
                edits = (source.replaced(one.name, "notifications.utils"),)
                yield Finding(RULE, source.path, source.line(plain), what, Safety.SAFE, edits)
            elif len(plain.names) == 1:
                yield _taken_out(source, plain, what)
            else:
                yield Finding(RULE, source.path, source.line(plain), what, Safety.BY_HAND)


def _taken_out(source: PythonSource, part: cst.CSTNode, what: str) -> Finding:
    statement, line = source.parent(part), source.line(part)
    block = source.parent(statement) if statement is not None else None
    is_alone = isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1
    if not is_alone or not isinstance(block, (cst.Module, cst.IndentedBlock)):
        return Finding(RULE, source.path, line, what, Safety.BY_HAND)
    if isinstance(block, cst.IndentedBlock) and len(block.body) == 1:
        return Finding(RULE, source.path, line, what, Safety.BY_HAND)
    edits = (Edit(*source.lines_of(part), ""),)
    return Finding(RULE, source.path, line, what, Safety.SAFE, edits)


def _strings(source: PythonSource) -> Iterator[Finding]:
    for node in source.of_type(cst.SimpleString):
        text = string_value(node) or ""
        if text == _MODULE or text.startswith(f"{_MODULE}.") or _PATCHED.fullmatch(text):
            what = (
                f"{text}: the signal is a function since django-notifs 2.6.5, "
                "notifications.utils.notify; what names it in a string has to follow."
            )
            yield Finding(RULE, source.path, source.line(node), what, Safety.BY_HAND)


def _reason(moved: MovedName) -> str:
    why = moved.problem or "it is used for something else than send() here"
    return (
        f"{moved.old} is gone since django-notifs 2.6.5, and {why}. Call {moved.new}(...) where "
        "notifications are sent; for receivers, use post_save of the Notification model."
    )


def _send_call(source: PythonSource, use: cst.CSTNode) -> cst.Call | None:
    """The call ``signal.send(...)`` whose result nobody takes."""
    attribute = source.parent(use)
    if not isinstance(attribute, cst.Attribute) or attribute.value is not use:
        return None
    call = source.parent(attribute)
    if attribute.attr.value != "send" or not isinstance(call, cst.Call) or call.func != attribute:
        return None
    if any(_keyword(arg) == "verb" for arg in call.args):
        return None  # django-notifications-hq's
    return call if isinstance(source.parent(call), (cst.Expr, cst.Lambda)) else None


def _keyword(arg: cst.Arg) -> str:
    return arg.keyword.value if arg.keyword is not None else ""


def _call_edits(source: PythonSource, call: cst.Call, moved: MovedName) -> list[Edit]:
    attribute = cst.ensure_type(call.func, cst.Attribute)
    edits = [
        Edit(source.span(attribute.value)[1], source.span(attribute)[1], ""),
        *moved.use_edits(source, attribute.value),
    ]
    for index, arg in enumerate(call.args):
        is_sender = _keyword(arg) == "sender" or (
            index == 0 and arg.keyword is None and not arg.star
        )
        if is_sender:
            edits.append(_without_argument(source, call, index))
            break
    return edits


def _without_argument(source: PythonSource, call: cst.Call, index: int) -> Edit:
    """The edit that takes an argument out, with its comma and the space behind it."""
    start = source.span(call.args[index])[0]
    if index + 1 < len(call.args):
        return Edit(start, source.span(call.args[index + 1])[0], "")
    if index > 0:
        return Edit(
            source.span(call.args[index - 1].value)[1], source.span(call.args[index])[1], ""
        )
    return Edit(start, source.span(call.args[index])[1], "")
