"""Code that publishes to rooms by itself."""

from __future__ import annotations

from rule_projects import assert_untouched

RULE = "pika_publish"
HEAD = "import pika\nc = pika.BlockingConnection().channel()\n"


def test_queues_and_topics_are_not_meant() -> None:
    text = f"{HEAD}c.queue_declare('jobs')\nc.basic_publish('', 'jobs', 'x')\n"
    assert not assert_untouched(RULE, {"a.py": text}).findings
    text = f"{HEAD}c.exchange_declare('x', 'topic')\nc.basic_publish('x', 'a', 'x')\n"
    assert not assert_untouched(RULE, {"a.py": text}).findings


def test_a_fanout_exchange_is_listed() -> None:
    text = f"{HEAD}c.exchange_declare('x', 'fanout')\nc.basic_publish('x', '', 'x')\n"
    (finding,) = assert_untouched(RULE, {"a.py": text}).findings
    assert finding.line == 4


def test_channels_that_publish_through_it_are_listed() -> None:
    helper = (
        "import pika\n\n\ndef publish(room, body):\n    channel = pika.BlockingConnection().channel()\n"
        "    channel.exchange_declare(room, 'fanout')\n    channel.basic_publish(room, '', body)\n"
        "\n\nclass Broker:\n    def publish(self, room, body):\n"
        "        pika.BlockingConnection().channel().basic_publish(room, '', body)\n"
    )
    channel = (
        "from notifications.channels import BaseNotificationChannel\nfrom chat import mq\n"
        "from chat.mq import Broker\n\n\nclass A(BaseNotificationChannel):\n"
        "    def notify(self, message):\n        mq.publish('a', message)\n\n\n"
        "class B(BaseNotificationChannel):\n"
        "    def notify(self, message):\n        Broker().publish('a', message)\n"
    )
    files = {"chat/mq.py": helper, "chat/channels.py": channel}
    found = assert_untouched(RULE, files).findings
    assert [(one.path, one.line) for one in found] == [
        ("chat/channels.py", 6),
        ("chat/channels.py", 11),
        ("chat/mq.py", 7),
        ("chat/mq.py", 12),
    ]
