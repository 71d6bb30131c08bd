from __future__ import annotations

import pytest

from wsmigrate.gap import GAPS_GROUP, event_of_gap, inbox_of_gap_event
from wsmigrate.message import Message, Via, event_of_message, message_of_event
from wsmigrate.rooms import group_of_room


def test_the_event_names_its_inbox() -> None:
    assert inbox_of_gap_event(event_of_gap("wsmigrate.inbox.3")) == "wsmigrate.inbox.3"


def test_a_message_is_no_gap_and_a_gap_is_no_message() -> None:
    message = event_of_message(Message("1", "room", "text", Via.RABBITMQ), "event")
    assert inbox_of_gap_event(message) is None
    with pytest.raises(ValueError, match="event"):
        message_of_event(event_of_gap("wsmigrate.inbox.3"))


@pytest.mark.parametrize("room", ["gaps", "wsmigrate.gap", GAPS_GROUP])
def test_no_room_shares_its_group(room: str) -> None:
    assert group_of_room(room) != GAPS_GROUP
