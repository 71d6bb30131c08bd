"""NOTIFICATIONS_CHANNELS and the name of the room's key suit wsmigrate's channel."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings, family, is_lacking
from migrate_cli.convert.python_source import string_value
from migrate_cli.convert.rabbit_channels import (
    DEFAULT_ROOM_PARAM,
    ROOM_PARAM,
    rabbit_channels,
    room_param,
    standard_room_key,
)
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.settings_module import SettingsModule
from migrate_cli.convert.settings_values import dict_entries
from migrate_cli.convert.wording import in_style, quoted

RULE = "settings_notifs_channels"
_OURS = "channels_ws.notify.channel.WebSocketChannel"
_THEIRS = frozenset(
    {
        "notifications.channels.BasicWebSocketChannel",
        "notifications.channels.WebSocketChannel",
        "notifications.channels.DjangoWebSocketChannel",
        "notifications.channels.channels_websocket.WebSocketChannel",
    }
)

EXAMPLE = Example(
    {
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications", "chat"]
NOTIFICATIONS_CHANNELS = {"websocket": "chat.channels.Broadcast"}
""",
        "chat/channels.py": """\
import json

import pika
from notifications.channels import BaseNotificationChannel


class Broadcast(BaseNotificationChannel):
    def construct_message(self):
        return json.dumps(self.notification_kwargs["extra_data"]["message"])

    def notify(self, message):
        channel = pika.BlockingConnection().channel()
        uri = self.notification_kwargs["extra_data"]["uri"]
        channel.exchange_declare(exchange=uri, exchange_type="fanout")
        channel.basic_publish(exchange=uri, routing_key="", body=message)
""",
    },
    {
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications", "chat"]
NOTIFICATIONS_CHANNELS = {"websocket": "channels_ws.notify.channel.WebSocketChannel"}

NOTIFICATIONS_WEBSOCKET_URL_PARAM = "uri"
"""
    },
)


@rule(
    title="The channel `websocket` is wsmigrate's",
    follows="docs/install.md; docs/settings.md, NOTIFICATIONS_WEBSOCKET_URL_PARAM",
    example=EXAMPLE,
    order=33,
)
def examine(project: Project) -> Iterator[Finding]:
    """NOTIFICATIONS_CHANNELS is what django-notifs 3 goes by; 4.0 goes by names, so other entries
    stay. The key of the room is taken from the channel that published to RabbitMQ."""
    for base in concerned_settings(project):
        for module in family(project, base):
            yield from _entries(project, module)
        yield from _key(project, base)


def _entries(project: Project, module: SettingsModule) -> Iterator[Finding]:
    source = module.source
    key = room_param(project) or DEFAULT_ROOM_PARAM
    standard = {
        one.channel.dotted
        for one in rabbit_channels(project)
        if standard_room_key(project, one) == key and one.channel.aliases == ("websocket",)
    }
    for one in module.assignments.get("NOTIFICATIONS_CHANNELS", ()):
        element = dict_entries(one.value).get("websocket")
        named = string_value(element.value) if element is not None else None
        if element is not None and named in standard | _THEIRS:
            what = f"The channel `websocket` is {_OURS}, which follows the cutover, not {named}."
            edits = (source.replaced(element.value, quoted(source, _OURS)),)
            yield Finding(RULE, module.path, source.line(element), what, Safety.SAFE, edits)


def _key(project: Project, base: SettingsModule) -> Iterator[Finding]:
    key = room_param(project)
    modules = family(project, base)
    if key in {None, DEFAULT_ROOM_PARAM} or not is_lacking(project, base, ROOM_PARAM):
        return
    places: list[tuple[SettingsModule, cst.SimpleStatementLine]] = [
        (one, each.statement)
        for one in modules
        for each in one.assignments.get("NOTIFICATIONS_CHANNELS", ())
    ]
    module, place = places[0] if places else (base, None)
    source = module.source
    line = source.line(place) if place is not None else 1
    what = f"The room of a notification is extra_data[{key!r}] here; {ROOM_PARAM} says so."
    edits: tuple[Edit, ...] = (source.appended(*in_style(source, f'{ROOM_PARAM} = "{key}"')),)
    yield Finding(RULE, module.path, line, what, Safety.SAFE, edits)
