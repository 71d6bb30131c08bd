"""Notification channels that publish to RabbitMQ with pika publish by wsmigrate's publisher."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.class_text import class_replaced, missing_imports, unused_imports
from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.rabbit_channels import (
    NotUnderstoodError,
    RabbitChannel,
    checked,
    is_standard,
    published_by_wsmigrate,
    rabbit_channels,
)
from migrate_cli.convert.registry import Example, rule

RULE = "notifs_rabbitmq_channel"
_OURS = "from channels_ws.notify.channel import WebSocketChannel as RoomChannel"

EXAMPLE = Example(
    {
        "chat/channels.py": """\
from json import dumps

import pika
from notifications.channels import BaseNotificationChannel


class Broadcast(BaseNotificationChannel):
    \"\"\"To everybody in the chat.\"\"\"

    def construct_message(self):
        return dumps(self.notification_kwargs["extra_data"]["message"])

    def notify(self, message):
        connection = pika.BlockingConnection(pika.ConnectionParameters(host="localhost"))
        channel = connection.channel()
        uri = self.notification_kwargs["extra_data"]["uri"]
        channel.exchange_declare(exchange=uri, exchange_type="fanout")
        channel.basic_publish(exchange=uri, routing_key="", body=message)
        connection.close()


class Rooms(BaseNotificationChannel):
    def construct_message(self):
        return dumps({"text": self.notification_kwargs["short_description"]})

    def notify(self, message):
        with pika.BlockingConnection() as connection:
            channel = connection.channel()
            for room in self.notification_kwargs["extra_data"]["rooms"]:
                channel.exchange_declare(room, "fanout")
                channel.basic_publish(room, "", message)
""",
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications", "chat"]
NOTIFICATIONS_CHANNELS = {
    "websocket": "chat.channels.Broadcast",
    "rooms": "chat.channels.Rooms",
}
""",
    },
    {
        "chat/channels.py": """\
import uuid
from json import dumps

from notifications.channels import BaseNotificationChannel
from channels_ws.notify.channel import WebSocketChannel as RoomChannel
from django.apps import apps as django_apps
from channels_ws.notify.publication import Publication


class Broadcast(RoomChannel, BaseNotificationChannel):
    \"\"\"To everybody in the chat.\"\"\"

    name = "websocket"


class Rooms(BaseNotificationChannel):
    def construct_message(self):
        return dumps({"text": self.notification_kwargs["short_description"]})

    def notify(self, message):
        for room in self.notification_kwargs["extra_data"]["rooms"]:
            django_apps.get_app_config("channels_ws_notify").publisher.publish(
                Publication(room, message, uuid.uuid4().hex)
            )
"""
    },
)


@rule(
    title="Channels that publish to RabbitMQ use wsmigrate's publisher",
    follows="docs/install.md; django-notifs 4.0.0 release notes, custom channels",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Found by what they do: a pika publish in a method. One that sends
    ``json.dumps(extra_data["message"])`` to the exchange ``extra_data[key]`` does what wsmigrate's
    channel does, and becomes it. In any other the publish is replaced, and what only served it is
    taken out. What is not a fanout exchange, or not understood, stays."""
    found = rabbit_channels(project)
    for rabbit in found:
        channel = rabbit.channel
        line = channel.source.line(rabbit.call)
        what = (
            f"The channel {channel.name} publishes to RabbitMQ by itself, so the cutover cannot "
            "switch it to the channel layer."
        )
        try:
            checked(project, rabbit, found)
            edits = _edits(project, rabbit)
        except NotUnderstoodError as reason:
            what += f" Left alone: {reason}. Have it publish by `channels_ws.notify`."
            yield Finding(RULE, channel.source.path, line, what, Safety.BY_HAND)
        else:
            yield Finding(RULE, channel.source.path, line, what, Safety.SAFE, edits)


def _edits(project: Project, rabbit: RabbitChannel) -> tuple[Edit, ...]:
    channel, source = rabbit.channel, rabbit.channel.source
    if is_standard(project, rabbit):
        new = _standard(source.quote, channel.node, channel.alias or "websocket", source.newline)
        imports = [_OURS]
    else:
        new = published_by_wsmigrate(project, rabbit)
        imports = [
            "import uuid",
            "from django.apps import apps as django_apps",
            "from channels_ws.notify.publication import Publication",
        ]
        if "force_str(" in source.module.code_for_node(new):
            imports.append("from django.utils.encoding import force_str")
    edit = class_replaced(source, channel.node, new)
    if edit is None:
        raise NotUnderstoodError("the class is not at the top level of its module")
    return (edit, *missing_imports(source, imports), *_unused(project, rabbit))


def _unused(project: Project, rabbit: RabbitChannel) -> list[Edit]:
    """The imports that nothing needs once all channels of the module are rewritten."""
    source, found = rabbit.channel.source, rabbit_channels(project)
    here = [one for one in found if one.channel.source is source]
    if here[0] is not rabbit:
        return []
    instead = ""
    try:
        for one in here:
            checked(project, one, found)
            if is_standard(project, one):
                instead += " ".join(source.code(base) for base in one.channel.node.bases)
            else:
                instead += source.module.code_for_node(published_by_wsmigrate(project, one))
    except NotUnderstoodError:
        return []
    return unused_imports(source, [one.channel.node for one in here], instead)


def _standard(quote: str, node: cst.ClassDef, alias: str, newline: str) -> cst.ClassDef:
    """The class as a subclass of wsmigrate's channel: django-notifs 4 knows direct subclasses of
    its own class, by their names."""
    docstring = [
        one
        for one in node.body.body[:1]
        if isinstance(one, cst.SimpleStatementLine) and isinstance(one.body[0], cst.Expr)
    ]
    config = cst.PartialParserConfig(default_newline=newline)
    name = cst.parse_statement(f"name = {quote}{alias}{quote}", config=config)
    if docstring:
        name = name.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    own = cst.Arg(
        cst.Name("RoomChannel"), comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    )
    body = node.body.with_changes(body=[*docstring, name])
    return node.with_changes(bases=[own, *node.bases], body=body)
