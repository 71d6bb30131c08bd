from __future__ import annotations

import pytest

from wsmigrate.gap import GAPS_GROUP, InboxGap, event_of_gap, gap_of_event
from wsmigrate.message import Message, Via, event_of_message, message_of_event
from wsmigrate.rooms import group_of_room


def test_the_event_names_its_inbox() -> None:
    for gap in (InboxGap("wsmigrate.inbox.3"), InboxGap("wsmigrate.inbox.3", is_unbound=True)):
        assert gap_of_event(event_of_gap(gap)) == gap


def test_a_message_is_no_gap_and_a_gap_is_no_message() -> None:
    message = event_of_message(Message("1", "room", "text", Via.RABBITMQ), "event")
    assert gap_of_event(message) is None
    with pytest.raises(ValueError, match="event"):
        message_of_event(event_of_gap(InboxGap("wsmigrate.inbox.3")))


@pytest.mark.parametrize("room", ["gaps", "wsmigrate.gap", GAPS_GROUP])
def test_no_room_shares_its_group(room: str) -> None:
    assert group_of_room(room) != GAPS_GROUP
