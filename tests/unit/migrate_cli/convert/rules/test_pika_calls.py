"""pika 0.x."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

from migrate_cli.convert.findings import Safety

RULE = "pika_calls"
HEAD = "import pika\nlink = pika.BlockingConnection()\nc = link.channel()\n"


@pytest.mark.parametrize(
    "line",
    [
        "other.add_timeout(30, f)",
        "c.queue_declare('')",
        "c.queue_declare(queue='q', exclusive=True)",
        "c.basic_consume('queue', on_message)",
        "c.basic_consume(queue='q', on_message_callback=f, auto_ack=True)",
        "c.basic_consume(queue, f)",
        "c.queue_declare(*arguments)",
        "link.call_later(30, f)",
        "c.basic_publish('x', '', 'b')",
    ],
)
def test_calls_of_pika_1_and_of_others_stay(line: str) -> None:
    assert not assert_untouched(RULE, {"a.py": f"{HEAD}{line}\n"}).findings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("link.add_timeout(30, f)", "link.call_later(30, f)"),
        ("link.add_timeout(deadline=3, callback_method=f)", "link.call_later(delay=3, callback=f)"),
        ("c.queue_declare(exclusive=True)", 'c.queue_declare("", exclusive=True)'),
        ("c.queue_declare()", 'c.queue_declare("")'),
        ("c.basic_consume(f, queue='q')", "c.basic_consume(on_message_callback=f, queue='q')"),
        (
            "c.basic_consume(f, 'q', True)",
            "c.basic_consume(on_message_callback=f, queue='q', auto_ack=True)",
        ),
        (
            "c.basic_consume(consumer_callback=f, queue='q', no_ack=False)",
            "c.basic_consume(on_message_callback=f, queue='q', auto_ack=False)",
        ),
        ("c.basic_get('q', no_ack=True)", "c.basic_get('q', auto_ack=True)"),
        (
            "c.exchange_declare('x', type='fanout')",
            "c.exchange_declare('x', exchange_type='fanout')",
        ),
        (
            "c.basic_qos(prefetch_count=1, all_channels=True)",
            "c.basic_qos(prefetch_count=1, global_qos=True)",
        ),
        (
            "pika.ConnectionParameters('h', heartbeat_interval=1)",
            "pika.ConnectionParameters('h', heartbeat=1)",
        ),
    ],
)
def test_old_calls_are_rewritten(before: str, after: str) -> None:
    result = text_after(RULE, {"a.py": f"{HEAD}{before}\n"})
    assert result.replace("''", '""') == f"{HEAD}{after}\n".replace("''", '""')


def test_nested_functions_see_the_connection() -> None:
    text = (
        "import pika\ndef application(env, start):\n    link = pika.BlockingConnection()\n"
        "    def again():\n        link.add_timeout(1, again)\n"
    )
    assert "link.call_later(1, again)" in text_after(RULE, {"a.py": text})


def test_what_has_no_counterpart_is_listed() -> None:
    result = assert_untouched(
        RULE, {"a.py": f"{HEAD}ok = c.basic_publish('x', '', 'b', immediate=True)\n"}
    )
    assert [one.safety for one in result.findings] == [Safety.BY_HAND] * 2
