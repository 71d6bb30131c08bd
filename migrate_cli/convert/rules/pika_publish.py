"""Code outside of notification channels that publishes to fanout exchanges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from migrate_cli.convert.channel_classes import channel_classes
from migrate_cli.convert.findings import Finding, Safety
from migrate_cli.convert.pika_use import argument, method_calls, pika_use
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.rabbit_channels import rabbit_channels
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.syntax import below

RULE = "pika_publish"

EXAMPLE = Example(
    {
        "chat/typing.py": """\
import pika


def somebody_types(room):
    channel = pika.BlockingConnection().channel()
    channel.exchange_declare(exchange=room, exchange_type="fanout")
    channel.basic_publish(exchange=room, routing_key="", body="{}")
"""
    },
    {},
)


@rule(
    title="Code that publishes to a room by itself",
    follows="docs/install.md: the bridge relays what is published to RabbitMQ, while it runs",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Listed, not rewritten: what it publishes need not be meant for clients. So are the
    notification channels that have it publish."""
    known = {id(one.call) for one in rabbit_channels(project)}
    helpers: dict[str, str] = {}
    for source in project.sources_with("pika"):
        if "basic_publish" not in source.text:
            continue
        use = pika_use(project, source)
        if not _declares_fanout(source):
            continue
        for call in method_calls(source.module, "basic_publish"):
            if id(call) in known or not use.comes_from_pika(call.func):
                continue
            if string_value(argument(call, "exchange", 0)) == "":
                continue
            what = (
                "This publishes to a fanout exchange by itself. The bridge relays it until the "
                "notify backend is `channels`; from then on nobody gets it. If it is meant for a "
                "room, send it by notify()."
            )
            line = source.line(call)
            helpers |= dict.fromkeys(_names_around(project, source, call), f"{source.path}:{line}")
            yield Finding(RULE, source.path, line, what, Safety.BY_HAND)
    yield from _channels_that_use(project, helpers)


def _names_around(project: Project, source: PythonSource, call: cst.Call) -> Iterator[str]:
    """The dotted names of the functions and classes that a call is in."""
    module = project.module_name(source.path)
    for above in source.ancestors(call):
        if isinstance(above, (cst.FunctionDef, cst.ClassDef)):
            yield f"{module}.{above.name.value}"


def _channels_that_use(project: Project, helpers: Mapping[str, str]) -> Iterator[Finding]:
    """Notification channels that have a helper publish."""
    for channel in channel_classes(project) if helpers else ():
        source = channel.source
        used = {
            project.name_of(source, node)
            for node in below(channel.node)
            if isinstance(node, (cst.Name, cst.Attribute))
        }
        for name in sorted(used & helpers.keys()):
            what = (
                f"The channel {channel.name} publishes to RabbitMQ through {name} "
                f"({helpers[name]}), so the cutover cannot switch it to the channel layer. Have it "
                "publish by `channels_ws.notify`."
            )
            yield Finding(RULE, source.path, source.line(channel.node), what, Safety.BY_HAND)


def _declares_fanout(source: PythonSource) -> bool:
    return any(
        string_value(arg.value) == "fanout"
        for call in method_calls(source.module, "exchange_declare")
        for arg in call.args
    ) or any(node.attr.value == "fanout" for node in source.of_type(cst.Attribute))
