"""Notification channels in the form of django-notifs 3 work under django-notifs 4."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_cli.convert.channel_classes import ChannelClass, aliases_by_class, channel_classes
from migrate_cli.convert.class_text import behind_class, missing_imports
from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.rabbit_channels import is_standard, rabbit_channels
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_notifs
from migrate_cli.convert.wording import in_style

RULE = "notifs_channel_form"
OLD_BASE = "Notifs3Channel"

_OLD_BASE = f'''\
class {OLD_BASE}:
    """What django-notifs 3 calls a channel; classes below hand it to django-notifs 4."""

    def __init__(self, **kwargs):
        self.notification_kwargs = kwargs


'''
_PROVIDER = '''

class {name}Provider(BaseNotificationProvider):
    """Sends what {name}Delivery hands over; with Celery and the like, in the worker."""

    name = "{dotted}"

    def send(self, payload):
        channel = {name}(**payload)
        channel.notify(channel.construct_message())
'''
_DELIVERY = '''

class {name}Delivery{number}(BaseNotificationChannel):
    """{name} as django-notifs 4 knows it: by the name `{alias}`."""

    name = "{alias}"
    providers = ("{dotted}",)

    def build_payload(self, provider):
        payload = self.notification.to_json()
        payload["obj"] = self.notification.object_id
        if self.context:
            payload["extra_data"] = {{**payload["extra_data"], "context": self.context}}
        return payload
'''

EXAMPLE = Example(
    {
        "chat/sms.py": """\
from notifications.channels import BaseNotificationChannel


class Sms(BaseNotificationChannel):
    def construct_message(self):
        return self.notification_kwargs["short_description"]

    def notify(self, message):
        print(message)
""",
        "chatire/settings.py": """\
INSTALLED_APPS = ["notifications", "chat"]
NOTIFICATIONS_CHANNELS = {"sms": "chat.sms.Sms"}
""",
    },
    {
        "chat/sms.py": f"""\
from notifications.channels import BaseNotificationChannel
from notifications.providers import BaseNotificationProvider


{_OLD_BASE}class Sms({OLD_BASE}):
    def construct_message(self):
        return self.notification_kwargs["short_description"]

    def notify(self, message):
        print(message)
{_PROVIDER.format(name="Sms", dotted="chat.sms.Sms")}\
{_DELIVERY.format(name="Sms", dotted="chat.sms.Sms", alias="sms", number="")}"""
    },
)


@rule(
    title="Channels in the old form are delivered by django-notifs 4",
    follows="django-notifs 4.0.0 release notes: `BaseNotificationChannel` has `name`, `providers` "
    "and `build_payload`",
    example=EXAMPLE,
    order=60,
)
def examine(project: Project) -> Iterator[Finding]:
    """The class stays what it is, with another base; beside it come a provider that calls it and a
    channel with its alias. Listed are a class that NOTIFICATIONS_CHANNELS does not name, and a
    name there that no class has."""
    standard = {id(one.channel) for one in rabbit_channels(project) if is_standard(project, one)}
    for channel in channel_classes(project):
        if channel.has_old_form and id(channel) not in standard and not _is_wrapped(channel):
            yield _finding(project, channel)
    yield from _not_found(project)


def _not_found(project: Project) -> Iterator[Finding]:
    """What the settings name, and no class statement of a module makes."""
    known = {one.dotted for one in channel_classes(project)}
    for dotted, aliases in aliases_by_class(project).items():
        path = project.module_path(dotted.rpartition(".")[0])
        if path is not None and dotted not in known and uses_notifs(project):
            what = (
                f"NOTIFICATIONS_CHANNELS calls {dotted} {', '.join(aliases)}, and no class of that "
                "name is written out here: whether it fits django-notifs 4 cannot be seen."
            )
            yield Finding(RULE, path, 1, what, Safety.BY_HAND)


def _is_wrapped(channel: ChannelClass) -> bool:
    return channel.base is None and f"class {channel.name}Provider" in channel.source.text


def _finding(project: Project, channel: ChannelClass) -> Finding:
    source = channel.source
    line = source.line(channel.node)
    what = (
        f"{channel.name} has the form of django-notifs 3 (construct_message, notify); 4.0 wants a "
        "channel with a name and a provider."
    )
    if not channel.aliases and channel.base is None:
        return Finding(RULE, source.path, line, what + " It is a base of others.", Safety.NOTE)
    if channel.node not in source.module.body:
        return Finding(RULE, source.path, line, what, Safety.BY_HAND)
    if not channel.aliases and not _is_a_base(project, channel):
        what += " NOTIFICATIONS_CHANNELS does not name it where it can be seen."
        return Finding(RULE, source.path, line, what, Safety.BY_HAND)
    edits = (*_header(channel), *_wrapper(channel))
    return Finding(RULE, source.path, line, what, Safety.SAFE, edits)


def _is_a_base(project: Project, channel: ChannelClass) -> bool:
    return any(
        project.name_of(other.source, base.value) == channel.dotted
        or (other.source is channel.source and other.source.code(base.value) == channel.name)
        for other in channel_classes(project)
        if other is not channel
        for base in other.node.bases
    )


def _header(channel: ChannelClass) -> list[Edit]:
    """django-notifs' abstract class gives way to a plain one."""
    source = channel.source
    if channel.base is None:
        return []
    edits = [source.replaced(channel.base.value, OLD_BASE)]
    if f"class {OLD_BASE}" not in source.text and _is_first(channel):
        start, _ = source.lines_of(channel.node)
        if channel.node.decorators:
            start, _ = source.lines_of(channel.node.decorators[0])
        text = source.newline.join(in_style(source, _OLD_BASE)) + source.newline * 3
        edits.insert(0, Edit(start, start, text))
    return edits


def _is_first(channel: ChannelClass) -> bool:
    """Whether no other class of the module gets the plain base before this one."""
    names = [one for one in channel.source.module.body if hasattr(one, "bases")]
    for one in names:
        if one is channel.node:
            return True
        if any(
            channel.source.code(base.value) == channel.source.code(channel.base.value)
            for base in one.bases
            if channel.base is not None
        ):
            return False
    return True


def _wrapper(channel: ChannelClass) -> list[Edit]:
    source = channel.source
    if not channel.aliases or f"class {channel.name}Provider" in source.text:
        return []
    code = _PROVIDER.format(name=channel.name, dotted=channel.dotted)
    for number, alias in enumerate(channel.aliases):
        code += _DELIVERY.format(
            name=channel.name,
            dotted=channel.dotted,
            alias=alias,
            number=number + 1 if number else "",
        )
    at = behind_class(source, channel.node)
    lead = "" if source.text[at - 1] in "\r\n" else source.newline
    text = lead + source.newline.join([*in_style(source, code), ""])
    imports = [
        "from notifications.channels import BaseNotificationChannel",
        "from notifications.providers import BaseNotificationProvider",
    ]
    if "websocket" in channel.aliases:
        # django-notifs takes the class with this name that was imported last.
        imports.append("import channels_ws.notify.channel  # noqa: F401 - it has that name too")
    return [*missing_imports(source, imports), Edit(at, at, text)]
