"""An inbox that is deleted, or lost with its broker, while the database keeps its cursor. Nobody
knows what was in it, so the clients of its rooms are told by 1012; the others stay."""

from __future__ import annotations

import pytest
from harmed_room import Room
from varied import channel_to, client_of, hears_nothing_more, new_name, received, vary

from bridge.positions import OFFSETS_PER_EPOCH
from project import Project, wait_until
from wsmigrate.topology import InboxKind, inbox_of_room


def test_a_cursor_beyond_the_end_of_its_inbox_loses_nothing_and_is_told(room: Room) -> None:
    room.set_cursor(5000)
    room.publish("before the bridge")
    room.project.start_bridge()
    room.is_closed_with(1012)
    wait_until(lambda: room.cursor() == OFFSETS_PER_EPOCH, room.project.log("bridge"))
    assert "before the bridge" in room.relayed()
    assert "is beyond the end of the inbox" in room.project.log("bridge")()
    room.join_again()
    room.publish("after")
    assert room.receive() == ["after"]


def test_an_empty_inbox_with_a_cursor_loses_nothing(room: Room) -> None:
    room.set_cursor(5000)
    room.project.start_bridge()
    room.is_closed_with(1012)
    room.join_again()
    room.publish("1", "2", "3")
    assert room.receive(3) == ["1", "2", "3"]


def test_messages_of_the_new_inbox_are_not_taken_for_those_of_the_old_one(room: Room) -> None:
    bridge = room.project.start_bridge()
    room.publish("old 1", "old 2", "old 3")
    assert room.receive(3) == ["old 1", "old 2", "old 3"]
    bridge.terminate()
    bridge.wait(20)
    room.delete_inbox()
    room.declare_inbox()
    room.publish("new 1", "new 2")
    room.project.start_bridge()
    room.is_closed_with(1012)
    wait_until(lambda: room.relayed()[-2:] == ["new 1", "new 2"], room.project.log("bridge"))


def test_an_inbox_that_is_where_the_cursor_says_is_not_relayed_again(room: Room) -> None:
    bridge = room.project.start_bridge()
    room.publish("1", "2")
    assert room.receive(2) == ["1", "2"]
    bridge.terminate()
    bridge.wait(20)
    room.project.start_bridge()
    room.publish("3")
    assert room.receive() == ["3"]
    assert room.hears_nothing_more()
    assert "beyond the end" not in room.project.log("bridge")()


@pytest.mark.parametrize("relayed_before", [True, False], ids=["relayed", "never-relayed"])
def test_an_inbox_that_is_deleted_under_a_running_bridge_is_declared_and_its_rooms_bound_again(
    room: Room, neighbour: Room, relayed_before: bool
) -> None:
    room.project.start_bridge()
    log = room.project.log("bridge")
    if relayed_before:
        room.publish("old")
        assert room.receive() == ["old"]
    room.delete_inbox()
    room.is_closed_with(1012)
    assert "was deleted or its leader moved" in log()
    room.join_again()
    room.publish("new")
    assert room.receive() == ["new"]
    neighbour.publish("not concerned")
    assert neighbour.receive() == ["not concerned"]
    assert room.hears_nothing_more()


def test_a_queue_that_is_deleted_is_declared_and_its_rooms_bound_again(project: Project) -> None:
    vary(project, INBOX_KIND="queue", INBOXES=2)
    name = new_name("room")
    url, _ = project.start_server()
    project.start_bridge()
    with channel_to(project.amqp_url) as broker:
        with client_of(url, name) as client:
            broker.basic_publish(name, "", b"old")
            assert received(client, 1) == ["old"]
            broker.queue_delete(inbox_of_room(name, 2, InboxKind.QUEUE))
            with pytest.raises(Exception, match="1012"):
                received(client, 1)
        with client_of(url, name) as client:
            broker.basic_publish(name, "", b"new")
            assert received(client, 1) == ["new"]
            assert hears_nothing_more(client)


def test_rooms_can_be_joined_although_their_inbox_was_deleted_while_no_bridge_runs(
    room: Room,
) -> None:
    """Whoever comes is let in, and whoever was there is told: their binding is gone too."""
    room.delete_inbox()
    other = room.in_the_same_inbox()
    other.join_again()
    room.is_closed_with(1012)
    room.join_again()
    room.project.start_bridge()
    for one in (room, other):
        one.publish("new")
        assert one.receive() == ["new"]
    other.leave()
