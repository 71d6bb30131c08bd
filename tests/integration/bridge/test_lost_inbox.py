"""An inbox that is deleted, or lost with its broker, while the database keeps its cursor."""

from __future__ import annotations

from harmed_room import Room

from bridge.positions import OFFSETS_PER_EPOCH
from project import wait_until


def test_a_cursor_beyond_the_end_of_its_inbox_loses_nothing_and_is_told(room: Room) -> None:
    room.set_cursor(5000)
    room.publish("before the bridge")
    room.project.start_bridge()
    assert room.receive() == ["before the bridge"]
    room.publish("after")
    assert room.receive() == ["after"]
    assert "is beyond the end of the inbox" in room.project.log("bridge")()
    # It moves after the client has the message.
    wait_until(lambda: room.cursor() == OFFSETS_PER_EPOCH + 1, room.project.log("bridge"))


def test_an_empty_inbox_with_a_cursor_loses_nothing(room: Room) -> None:
    room.set_cursor(5000)
    room.project.start_bridge()
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
    assert room.receive(2) == ["new 1", "new 2"]


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


def test_an_inbox_that_is_deleted_under_a_running_bridge_is_declared_and_relayed_again(
    room: Room,
) -> None:
    room.project.start_bridge()
    log = room.project.log("bridge")
    room.publish("old")
    assert room.receive() == ["old"]
    room.delete_inbox()
    wait_until(lambda: f"{room.inbox} is relayed again" in log(), log)
    assert "was deleted or its leader moved" in log()
    room.declare_inbox()
    room.publish("new")
    assert room.receive() == ["new"]
