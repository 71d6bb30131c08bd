"""Calls of pika 0.x in the form of pika 1."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.pika_use import pika_use
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_stack

RULE = "pika_calls"
_RENAMED_METHODS = {"add_timeout": "call_later"}
_RENAMED_KEYWORDS = {
    "basic_consume": {"consumer_callback": "on_message_callback", "no_ack": "auto_ack"},
    "basic_get": {"no_ack": "auto_ack"},
    "consume": {"no_ack": "auto_ack"},
    "exchange_declare": {"type": "exchange_type"},
    "basic_qos": {"all_channels": "global_qos"},
    "call_later": {"deadline": "delay", "callback_method": "callback"},
    "add_timeout": {"deadline": "delay", "callback_method": "callback"},
    "ConnectionParameters": {"heartbeat_interval": "heartbeat"},
}
_GONE_KEYWORDS = {
    "basic_publish": ("immediate",),
    "publish": ("immediate",),
    "queue_declare": ("nowait",),
    "exchange_declare": ("nowait",),
    "queue_bind": ("nowait",),
    "basic_consume": ("nowait",),
    "ConnectionParameters": ("backpressure_detection",),
}
# In the order that pika 0.x takes them without names.
_OLD_BASIC_CONSUME = (
    "consumer_callback",
    "queue",
    "no_ack",
    "exclusive",
    "consumer_tag",
    "arguments",
)

EXAMPLE = Example(
    {
        "websocket.py": """\
import pika
import uwsgi


def application(env, start_response):
    connection = pika.BlockingConnection()
    channel = connection.channel()
    queue = channel.queue_declare(exclusive=True).method.queue
    uwsgi.websocket_handshake()
    connection.add_timeout(30, uwsgi.websocket_recv_nb)
    channel.basic_consume(on_message, queue=queue, no_ack=True)
    channel.start_consuming()


def on_message(channel, method, properties, body):
    uwsgi.websocket_send(body)
"""
    },
    {
        "websocket.py": """\
import pika
import uwsgi


def application(env, start_response):
    connection = pika.BlockingConnection()
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    uwsgi.websocket_handshake()
    connection.call_later(30, uwsgi.websocket_recv_nb)
    channel.basic_consume(on_message_callback=on_message, queue=queue, auto_ack=True)
    channel.start_consuming()


def on_message(channel, method, properties, body):
    uwsgi.websocket_send(body)
"""
    },
)


@rule(
    title="Calls of pika 0.x",
    follows="pika 1.0.0 release notes: call_later, on_message_callback, auto_ack, exchange_type, "
    "queue names",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Only on what comes from pika. A keyword that is gone is listed, for its effect is too."""
    if not uses_stack(project):
        return
    for source in project.sources_with("pika"):
        if "pika" not in source.text:
            continue
        use = pika_use(project, source)
        for call in source.of_type(cst.Call):
            method = _method(call)
            if method and use.comes_from_pika(call.func):
                yield from _call(source, call, method)


def _method(call: cst.Call) -> str:
    if isinstance(call.func, cst.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, cst.Name) else ""


def _call(source: PythonSource, call: cst.Call, method: str) -> Iterator[Finding]:
    edits = [*_name(source, call, method), *_keywords(source, call, method)]
    edits += _positions(source, call, method)
    line = source.line(call)
    if edits:
        what = f"pika 1 calls this differently: {method}."
        yield Finding(RULE, source.path, line, what, Safety.SAFE, tuple(edits))
    for arg in call.args:
        name = arg.keyword.value if arg.keyword is not None else ""
        if name in _GONE_KEYWORDS.get(method, ()):
            what = f"pika 1 has no {name} in {method} any more: take it out."
            yield Finding(RULE, source.path, line, what, Safety.BY_HAND)
    if method == "basic_publish" and not _stands_alone(source, call):
        what = (
            "pika 1 returns nothing from basic_publish; with confirm_delivery it raises "
            "UnroutableError or NackError."
        )
        yield Finding(RULE, source.path, line, what, Safety.BY_HAND)


def _stands_alone(source: PythonSource, call: cst.Call) -> bool:
    return isinstance(source.parent(call), (cst.Expr, cst.Lambda))


def _name(source: PythonSource, call: cst.Call, method: str) -> list[Edit]:
    new = _RENAMED_METHODS.get(method)
    if new is None or not isinstance(call.func, cst.Attribute):
        return []
    return [source.replaced(call.func.attr, new)]


def _keywords(source: PythonSource, call: cst.Call, method: str) -> list[Edit]:
    renamed = _RENAMED_KEYWORDS.get(method, {})
    return [
        source.replaced(arg.keyword, renamed[arg.keyword.value])
        for arg in call.args
        if arg.keyword is not None and arg.keyword.value in renamed
    ]


def _positions(source: PythonSource, call: cst.Call, method: str) -> list[Edit]:
    """Arguments without names whose order changed, and the queue's name, which has to be given."""
    if any(arg.star for arg in call.args):
        return []
    plain = [arg for arg in call.args if arg.keyword is None]
    names = {arg.keyword.value for arg in call.args if arg.keyword is not None}
    if method == "queue_declare" and not plain and "queue" not in names:
        at = source.span(call.args[0])[0] if call.args else source.span(call)[1] - 1
        quote = source.quote * 2
        return [Edit(at, at, f"{quote}, " if call.args else quote)]
    if method == "basic_consume" and plain and _is_old_order(plain, names):
        renamed = _RENAMED_KEYWORDS[method]
        return [
            Edit(
                source.span(arg.value)[0], source.span(arg.value)[0], f"{renamed.get(name, name)}="
            )
            for arg, name in zip(plain, _OLD_BASIC_CONSUME, strict=False)
        ]
    return []


def _is_old_order(plain: list[cst.Arg], names: set[str]) -> bool:
    """Whether the callback comes first, as before pika 1: the queue is named, or comes second as a
    string, or the first one looks like a function."""
    if "on_message_callback" in names or "consumer_callback" in names:
        return False
    if "queue" in names:
        return True
    if len(plain) < 2:
        return isinstance(plain[0].value, (cst.Lambda, cst.Attribute))
    first, second = plain[0].value, plain[1].value
    if isinstance(first, (cst.SimpleString, cst.FormattedString)):
        return False
    if isinstance(second, (cst.SimpleString, cst.FormattedString)):
        return True
    if isinstance(first, cst.Lambda):
        return True
    text = first.value if isinstance(first, cst.Name) else ""
    if isinstance(first, cst.Attribute):
        text = first.attr.value
    return text.startswith("on_") or "callback" in text or "handle" in text
