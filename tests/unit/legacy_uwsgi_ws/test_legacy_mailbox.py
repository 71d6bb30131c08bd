from __future__ import annotations

import gevent
import pytest

from legacy_uwsgi_ws.mailbox import Delivery, Mailbox, Notice


@pytest.fixture
def mailbox():
    return Mailbox()


def test_an_empty_mailbox_gives_nothing_when_the_time_is_over(mailbox):
    assert mailbox.take(0.001) is None


def test_messages_come_in_their_order(mailbox):
    deliveries = [Delivery(tag, b"%d" % tag) for tag in range(3)]
    for delivery in deliveries:
        mailbox.deliver(delivery)
    assert [mailbox.take(0) for _ in range(3)] == deliveries


def test_what_the_client_does_comes_before_the_messages_that_wait_for_it(mailbox):
    mailbox.deliver(Delivery(1, b"waits"))
    mailbox.readable()
    assert mailbox.take(0) is Notice.READABLE
    assert mailbox.take(0) == Delivery(1, b"waits")


def test_what_the_client_did_twice_is_looked_at_once(mailbox):
    mailbox.readable()
    mailbox.readable()
    assert mailbox.take(0) is Notice.READABLE
    assert mailbox.take(0) is None


def test_the_end_of_the_broker_comes_after_its_last_message(mailbox):
    mailbox.broker_gone()
    mailbox.deliver(Delivery(1, b"last"))
    assert mailbox.take(0) == Delivery(1, b"last")
    assert mailbox.take(0) is Notice.BROKER_GONE


def test_whoever_waits_is_woken(mailbox):
    waiting = gevent.spawn(mailbox.take, 5)
    gevent.sleep(0)
    mailbox.deliver(Delivery(1, b"hello"))
    assert waiting.get(timeout=1) == Delivery(1, b"hello")


def test_a_body_is_in_no_log():
    assert "secret" not in repr(Delivery(1, b"secret"))
