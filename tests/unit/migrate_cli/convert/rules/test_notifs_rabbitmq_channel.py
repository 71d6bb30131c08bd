"""Channels that publish to RabbitMQ, whatever they are called."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

from migrate_cli.convert.findings import Safety
from migrate_cli.convert.rules.notifs_rabbitmq_channel import EXAMPLE

RULE = "notifs_rabbitmq_channel"
SETTINGS = {
    "site/settings.py": "INSTALLED_APPS = ['notifications']\n"
    "NOTIFICATIONS_CHANNELS = {'live': 'chat.c.Live'}\n"
}
HEAD = """\
import json
import pika
from notifications.channels import BaseNotificationChannel


class Live(BaseNotificationChannel):
    def construct_message(self):
        return json.dumps([self.notification_kwargs["category"]])

    def notify(self, message):
"""
PUBLISHED = (
    "        django_apps.get_app_config('channels_ws_notify').publisher.publish(\n"
    "            Publication({room}, {text}, uuid.uuid4().hex)\n"
    "        )\n"
)


def channel(*lines: str) -> dict[str, str]:
    body = "".join(f"        {line}\n" for line in lines)
    return {"chat/c.py": HEAD.replace('"', "'") + body, **SETTINGS}


def rewritten(*lines: str) -> str:
    after = text_after(RULE, channel(*lines))
    return after[after.index("def notify") :]


def test_channels_that_do_not_publish_stay() -> None:
    assert not assert_untouched(RULE, channel("print(message)")).findings


def test_a_publish_that_is_not_pikas_stays() -> None:
    lines = (
        "client = redis()",
        "client.publish('room', message)",
        "x.basic_publish('a', '', message)",
    )
    assert not assert_untouched(RULE, channel(*lines)).findings


def test_a_class_that_is_no_channel_stays() -> None:
    files = channel("pika.BlockingConnection().channel().basic_publish('a', '', message)")
    text = files["chat/c.py"].replace("(BaseNotificationChannel)", "")
    assert not assert_untouched(RULE, {"chat/c.py": text}).findings


@pytest.mark.parametrize(
    "lines",
    [
        # to a queue
        ("c = pika.BlockingConnection().channel()", "c.basic_publish('', 'queue', message)"),
        # to a topic exchange
        (
            "c = pika.BlockingConnection().channel()",
            "c.exchange_declare('x', 'topic')",
            "c.basic_publish('x', 'a.b', message)",
        ),
        # of a kind that cannot be told
        ("c = pika.BlockingConnection().channel()", "c.basic_publish('x', self.key, message)"),
        # twice
        (
            "c = pika.BlockingConnection().channel()",
            "c.basic_publish('x', '', message)",
            "c.basic_publish('y', '', message)",
        ),
        # with handlers of pika's errors
        (
            "try:",
            "    c = pika.BlockingConnection().channel()",
            "    c.basic_publish('x', '', message)",
            "except pika.exceptions.AMQPError:",
            "    pass",
        ),
        # with the connection given away
        (
            "c = pika.BlockingConnection().channel()",
            "remember(c)",
            "c.basic_publish('x', '', message)",
        ),
    ],
)
def test_what_is_not_understood_is_listed(lines: tuple[str, ...]) -> None:
    result = assert_untouched(RULE, channel(*lines))
    assert {one.safety for one in result.findings} == {Safety.BY_HAND}


@pytest.mark.parametrize(
    ("lines", "room", "text"),
    [
        (
            (
                "c = pika.BlockingConnection(pika.ConnectionParameters('h')).channel()",
                "c.exchange_declare(exchange='a', exchange_type='fanout')",
                "c.basic_publish(exchange='a', routing_key='', body=message)",
                "c.close()",
            ),
            "'a'",
            "message",
        ),
        (
            (
                "with pika.BlockingConnection() as link:",
                "    link.channel().basic_publish('a', '', b'x')",
            ),
            "'a'",
            "force_str(b'x')",
        ),
        (
            (
                "link = pika.BlockingConnection()",
                "try:",
                "    link.channel().basic_publish('a', '', json.dumps(1).encode('utf-8'))",
                "finally:",
                "    link.close()",
            ),
            "'a'",
            "json.dumps(1)",
        ),
        (
            (
                "link: pika.BlockingConnection = pika.BlockingConnection()",
                "link.channel().basic_publish(f'a-{1}', '', f'{message}')",
            ),
            "f'a-{1}'",
            "f'{message}'",
        ),
    ],
)
def test_the_publish_goes_by_the_publisher(lines: tuple[str, ...], room: str, text: str) -> None:
    body = "def notify(self, message):\n" + PUBLISHED.format(room=room, text=text)
    assert rewritten(*lines) == body


def test_what_is_beside_it_stays() -> None:
    after = rewritten(
        "log.info('to %s', message)",
        "if self.on:",
        "    c = pika.BlockingConnection().channel()",
        "    c.basic_publish('a', '', message)  # now",
        "self.count += 1",
    )
    assert "        log.info('to %s', message)\n        if self.on:\n" in after
    assert after.endswith("        self.count += 1\n")
    assert "pika" not in after


@pytest.mark.parametrize("style", ["import pika as rabbit", "from pika import BlockingConnection"])
def test_pika_is_known_by_any_name(style: str) -> None:
    use = "rabbit.BlockingConnection" if " as " in style else "BlockingConnection"
    files = channel(f"{use}().channel().basic_publish('a', '', message)")
    text = files["chat/c.py"].replace("import pika", style)
    after = text_after(RULE, {**files, "chat/c.py": text})
    assert "Publication('a', message" in after
    assert style not in after


def test_helpers_of_the_class_and_of_other_modules_are_followed() -> None:
    files = {
        **channel(
            "self.open().exchange_declare('a', 'fanout')",
            "link().channel().basic_publish('a', '', message)",
        ),
        "chat/broker.py": "import pika\ndef link():\n    return pika.BlockingConnection()\n",
    }
    files["chat/c.py"] = (
        files["chat/c.py"].replace("import pika\n", "import pika\nfrom .broker import link\n")
        + "\n    def open(self):\n        return pika.BlockingConnection().channel()\n"
    )
    after = text_after(RULE, files)
    assert "Publication('a', message" in after
    assert "def open" not in after
    assert "link" not in after


def test_a_channel_is_known_by_the_settings_alone() -> None:
    files = channel("pika.BlockingConnection().channel().basic_publish('a', '', message)")
    text = files["chat/c.py"].replace("(BaseNotificationChannel)", "")
    assert "Publication('a', message" in text_after(RULE, {**files, "chat/c.py": text})


def test_a_provider_of_django_notifs_4_is_one_too() -> None:
    text = (
        "import pika\nfrom notifications.providers import BaseNotificationProvider as P\n"
        "class A(P):\n    name = 'a'\n    def send(self, payload):\n"
        "        c = pika.BlockingConnection().channel()\n"
        "        c.exchange_declare(payload['r'], exchange_type='fanout')\n"
        "        c.basic_publish(payload['r'], '', payload['t'])\n"
    )
    assert "Publication(payload['r'], force_str(payload['t'])" in text_after(RULE, {"a.py": text})


def test_the_standard_channel_becomes_ours() -> None:
    text = (
        "import json, pika\nfrom notifications.channels import BaseNotificationChannel as Base\n"
        "class Live(Base):\n    def construct_message(self):\n"
        "        data = self.notification_kwargs.get('extra_data', {})\n"
        "        return json.dumps(data['message'])\n"
        "    def notify(self, text):\n        c = pika.BlockingConnection().channel()\n"
        "        where = self.notification_kwargs['extra_data'].get('uri')\n"
        "        c.exchange_declare(where, 'fanout')\n        c.basic_publish(where, '', text)\n"
    )
    after = text_after(RULE, {"chat/c.py": text, **SETTINGS})
    assert "class Live(RoomChannel, Base):\n    name = 'live'\n" in after


def test_a_second_room_key_keeps_a_class_of_its_own() -> None:
    def of(name: str, key: str) -> str:
        return (
            f"class {name}(BaseNotificationChannel):\n    def construct_message(self):\n"
            "        return json.dumps(self.notification_kwargs['extra_data']['message'])\n"
            "    def notify(self, message):\n"
            f"        room = self.notification_kwargs['extra_data']['{key}']\n"
            "        pika.BlockingConnection().channel().basic_publish(room, '', message)\n\n\n"
        )

    head = "import json, pika\nfrom notifications.channels import BaseNotificationChannel\n\n\n"
    settings = (
        "INSTALLED_APPS = ['notifications']\n"
        "NOTIFICATIONS_CHANNELS = {'websocket': 'c.A', 'other': 'c.B'}\n"
    )
    after = text_after(RULE, {"c.py": head + of("A", "uri") + of("B", "room"), "s.py": settings})
    assert "class A(RoomChannel, BaseNotificationChannel)" in after
    assert "Publication(room, message, uuid.uuid4().hex)" in after


@pytest.mark.parametrize("way", ["durable=True", "auto_delete=True", "arguments={'a': 1}"])
def test_an_exchange_that_is_declared_otherwise_is_left_alone(way: str) -> None:
    text = (
        EXAMPLE.before["chat/channels.py"]
        .replace('exchange_type="fanout")', f'exchange_type="fanout", {way})')
        .partition("class Rooms")[0]
    )
    (finding,) = assert_untouched(RULE, {"chat/channels.py": text}).findings
    assert "RabbitMQ refuses" in finding.what


def test_the_kind_of_the_exchange_may_be_a_constant() -> None:
    text = EXAMPLE.before["chat/channels.py"].replace(
        'exchange_type="fanout"', "exchange_type=KIND"
    )
    text = text.replace("import pika\n", 'import pika\n\nKIND = "fanout"\n', 1)
    assert "RoomChannel" in text_after(RULE, {"chat/channels.py": text})
