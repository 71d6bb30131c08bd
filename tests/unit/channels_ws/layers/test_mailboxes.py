"""Mailboxes, with a clock that the tests turn."""

from __future__ import annotations

import asyncio
import threading

import pytest

from channels_ws.layers.errors import LayerGapError
from channels_ws.layers.mailboxes import Mailbox


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mailbox(clock: Clock) -> Mailbox:
    return Mailbox(60.0, clock)


def test_an_empty_mailbox_has_nothing_to_take(mailbox: Mailbox) -> None:
    assert mailbox.take(10) == []


def test_messages_are_taken_in_the_order_in_which_they_came(mailbox: Mailbox) -> None:
    for number in range(5):
        mailbox.put(b"%d" % number)
    assert mailbox.take(3) == [b"0", b"1", b"2"]
    assert mailbox.take(3) == [b"3", b"4"]


def test_a_message_that_nobody_takes_in_time_is_dropped(mailbox: Mailbox, clock: Clock) -> None:
    mailbox.put(b"old")
    clock.now = 30
    mailbox.put(b"younger")
    clock.now = 61
    assert mailbox.is_neglected
    assert mailbox.take(10) == [b"younger"]
    assert not mailbox.is_neglected


def test_whoever_asks_for_them_gets_expired_messages_too(mailbox: Mailbox, clock: Clock) -> None:
    mailbox.put(b"old")
    clock.now = 61
    mailbox.put(b"young")
    assert mailbox.take(10, expired=True) == [b"old", b"young"]


def test_a_gap_is_raised_once_and_in_its_place(mailbox: Mailbox) -> None:
    mailbox.put(b"before")
    mailbox.put_gap(LayerGapError("missing"))
    mailbox.put(b"after")
    assert mailbox.take(10) == [b"before"]
    with pytest.raises(LayerGapError):
        mailbox.take(10)
    assert mailbox.take(10) == [b"after"]


def test_what_is_put_back_comes_first(mailbox: Mailbox) -> None:
    mailbox.put(b"second")
    mailbox.put_back(b"first")
    assert mailbox.take(10) == [b"first", b"second"]


async def test_a_receiver_is_woken_from_another_thread(mailbox: Mailbox) -> None:
    waiting = asyncio.create_task(mailbox.wait())
    await asyncio.sleep(0)
    thread = threading.Thread(target=mailbox.put, args=(b"hello",))
    thread.start()
    await asyncio.wait_for(waiting, 10)
    thread.join()
    assert mailbox.take(1) == [b"hello"]


async def test_a_receiver_that_is_cancelled_when_woken_lets_another_have_it(
    mailbox: Mailbox,
) -> None:
    first = asyncio.create_task(mailbox.wait())
    second = asyncio.create_task(mailbox.wait())
    await asyncio.sleep(0)
    mailbox.put(b"hello")
    first.cancel()
    await asyncio.wait_for(second, 10)
    assert mailbox.take(1) == [b"hello"]


async def test_a_receiver_waits_no_longer_than_it_says(mailbox: Mailbox) -> None:
    await asyncio.wait_for(mailbox.wait(0.01), 10)
    assert mailbox.take(1) == []


def test_receivers_whose_event_loop_is_closed_are_passed_over(mailbox: Mailbox) -> None:
    loop = asyncio.new_event_loop()
    task = loop.create_task(mailbox.wait())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    mailbox.put(b"hello")
    assert mailbox.take(1) == [b"hello"]
    task._log_destroy_pending = False  # type: ignore[attr-defined]


async def test_each_message_of_many_wakes_one_of_many(mailbox: Mailbox) -> None:
    async def receive() -> bytes:
        while True:
            taken = mailbox.take(1)
            if taken:
                return taken[0]
            await mailbox.wait()

    receivers = [asyncio.create_task(receive()) for _ in range(20)]
    await asyncio.sleep(0)
    for number in range(20):
        mailbox.put(b"%d" % number)
    got = await asyncio.wait_for(asyncio.gather(*receivers), 10)
    assert sorted(got) == sorted(b"%d" % number for number in range(20))
