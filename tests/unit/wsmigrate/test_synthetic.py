from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsmigrate.rooms import checked_room
from wsmigrate.synthetic import is_synthetic_room, synthetic_rooms
from wsmigrate.topology import inbox_index_of_room


@given(st.integers(1, 64))
def test_there_is_one_for_each_inbox(inboxes: int) -> None:
    rooms = synthetic_rooms(inboxes)
    assert [inbox_index_of_room(room, inboxes) for room in rooms] == list(range(inboxes))
    assert all(checked_room(room) == room and is_synthetic_room(room) for room in rooms)


def test_they_are_the_same_each_time_and_rooms_of_the_site_are_none() -> None:
    assert synthetic_rooms(8) == synthetic_rooms(8)
    assert not is_synthetic_room("lobby")
