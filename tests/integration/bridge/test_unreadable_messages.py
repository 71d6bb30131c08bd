"""Messages that the bridge's AMQP library cannot read."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from breaking_proxy import BreakingProxy
from harmed_room import Room

from project import wait_until


class Milliseconds(datetime):
    """A timestamp in milliseconds, as publishers in other languages send it by mistake."""

    def utctimetuple(self) -> time.struct_time:
        """What pika's encoder counts the seconds of."""
        return time.struct_time((1970, 1, 1, 0, 0, int(self.timestamp() * 1000), 3, 1, 0))


def test_a_timestamp_that_cannot_be_stops_nothing(room: Room) -> None:
    room.project.start_bridge()
    headers = {"a": Milliseconds.now(timezone.utc), "z": "more"}
    room.publish("with a timestamp", headers=headers)
    room.publish("after it")
    assert room.receive(2) == ["with a timestamp", "after it"]
    assert "Trying again" not in room.project.log("bridge")()


def test_a_message_that_breaks_each_connection_is_passed_over_and_holds_up_no_other_inbox(
    room: Room, neighbour: Room
) -> None:
    with BreakingProxy(room.project.amqp_url, trigger=b"poison") as proxy:
        room.project.variables = {"WSMIGRATE_AMQP_URL": proxy.url}
        room.project.start_bridge()
        room.publish("before", "poison", "after")
        log = room.project.log("bridge")
        wait_until(lambda: f"{room.inbox}: Stream connection lost" in log(), log)
        neighbour.publish("meanwhile")
        assert neighbour.receive() == ["meanwhile"]
        assert "passed over" not in log()
        assert room.receive(2) == ["before", "after"]
        assert room.hears_nothing_more()
    assert f"passed over: {room.inbox}, offset 1" in log()
    wait_until(lambda: room.cursor() == 2, log)
