from __future__ import annotations

from dataclasses import dataclass

from wsmigrate.publisher_confirms import Unconfirmed


@dataclass
class Ack:
    delivery_tag: int
    multiple: bool = False


def three() -> Unconfirmed[str]:
    unconfirmed: Unconfirmed[str] = Unconfirmed()
    for name in ("a", "b", "c"):
        unconfirmed.sent(name)
    return unconfirmed


def test_a_confirmation_stands_for_one_message_and_not_for_those_before_it() -> None:
    unconfirmed = three()
    assert unconfirmed.settle(Ack(2)) == ["b"]
    assert unconfirmed.settle(Ack(2)) == []
    assert unconfirmed.settle(Ack(1)) == ["a"]
    assert unconfirmed
    assert unconfirmed.settle(Ack(3)) == ["c"]
    assert not unconfirmed


def test_where_it_says_multiple_it_stands_for_all_that_are_left_up_to_it() -> None:
    unconfirmed = three()
    unconfirmed.settle(Ack(1))
    assert unconfirmed.settle(Ack(2, multiple=True)) == ["b"]
    unconfirmed.sent("d")
    assert unconfirmed.settle(Ack(4, multiple=True)) == ["c", "d"]
