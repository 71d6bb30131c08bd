from __future__ import annotations

from channels_ws.copies import Copies, CopyOutcome
from wsmigrate.message import Message, Via


def relayed(number: int, text: str = "text") -> Message:
    return Message(str(number), "room", text, Via.RABBITMQ)


def copy(number: int, text: str = "text") -> Message:
    return Message(str(number), "room", text, Via.CHANNELS, is_copy=True)


def test_nothing_is_remembered_where_nothing_is_copied() -> None:
    copies = Copies()
    assert copies.seen(relayed(1)) == []
    assert copies.seen(copy(1)) == []  # it came before the first copy, so it cannot be compared


def test_where_copies_are_expected_the_very_first_is_compared() -> None:
    copies = Copies(expected=True)
    copies.seen(relayed(1))
    assert copies.seen(copy(1)) == [CopyOutcome.RABBITMQ_FIRST]


def test_copies_are_expected_once_publishers_use_both_ways() -> None:
    copies = Copies()
    copies.expect()
    copies.seen(relayed(1))
    assert copies.seen(copy(1)) == [CopyOutcome.RABBITMQ_FIRST]


def test_what_was_published_to_the_layer_alone_is_no_copy() -> None:
    copies = Copies(size=1, expected=True)
    for number in range(3):
        assert copies.seen(copy(number)._replace(is_copy=False)) == []


def test_which_one_came_first_is_told() -> None:
    copies = Copies()
    assert copies.seen(copy(1)) == []
    assert copies.seen(relayed(1)) == [CopyOutcome.CHANNELS_FIRST]
    assert copies.seen(relayed(2)) == []
    assert copies.seen(copy(2)) == [CopyOutcome.RABBITMQ_FIRST]


def test_copies_that_differ_are_told() -> None:
    copies = Copies()
    copies.seen(copy(1, "one"))
    assert copies.seen(relayed(1, "another")) == [CopyOutcome.DIFFERENT]


def test_a_copy_that_has_waited_for_too_long_came_by_one_way_only() -> None:
    copies = Copies(size=1)
    copies.seen(copy(1))
    assert copies.seen(relayed(2)) == [CopyOutcome.ONLY_CHANNELS]
    assert copies.seen(relayed(3)) == []


def test_a_message_that_is_relayed_twice_is_no_copy() -> None:
    copies = Copies()
    copies.seen(copy(9))
    copies.seen(relayed(1))
    assert copies.seen(relayed(1)) == []
    assert copies.seen(copy(1)) == [CopyOutcome.RABBITMQ_FIRST]
