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
