from __future__ import annotations

from channels_ws.delivered import DeliveredIds


def test_a_message_is_new_once() -> None:
    delivered = DeliveredIds()
    assert delivered.is_new("room", "a")
    assert not delivered.is_new("room", "a")


def test_rooms_do_not_share_ids() -> None:
    delivered = DeliveredIds()
    assert delivered.is_new("one", "a")
    assert delivered.is_new("two", "a")


def test_the_memory_is_bounded_and_the_oldest_is_forgotten() -> None:
    delivered = DeliveredIds(size=2)
    for message_id in ("a", "b", "c"):
        assert delivered.is_new("room", message_id)
    assert not delivered.is_new("room", "b")
    assert delivered.is_new("room", "a")
