from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_ws.two_paths import PathLimits, TwoPaths
from wsmigrate.barrier import Marker, marker_of
from wsmigrate.config import NotifyBackend
from wsmigrate.message import Message, Via
from wsmigrate.site_state import NO_CUTOVER, SiteState

LIMITS = PathLimits(hold_s=10, twin_s=30, most=20)
RABBITMQ = replace(NO_CUTOVER, revision=1)
BOTH = replace(RABBITMQ, revision=2, backend=NotifyBackend.BOTH)
CHANNELS = replace(BOTH, revision=3, backend=NotifyBackend.CHANNELS, barrier=3, barrier_out=False)
SETTLED = replace(CHANNELS, revision=4, barrier_out=True)


def relayed(number: int, text: str = "x") -> Message:
    return Message(str(number), "room", text, Via.RABBITMQ)


def copy(number: int, revision: int = 2, text: str = "x") -> Message:
    return Message(str(number), "room", text, Via.CHANNELS, is_copy=True, revision=revision)


def direct(number: int, revision: int = 3) -> Message:
    return Message(str(number), "room", "x", Via.CHANNELS, revision=revision)


def paths_at(state: SiteState, inboxes: int = 1) -> TwoPaths:
    paths = TwoPaths(inboxes, LIMITS)
    paths.follow(state, 0)
    return paths


def test_what_was_relayed_and_what_follows_no_state_is_delivered() -> None:
    paths = paths_at(BOTH)
    for message in (relayed(1), Message("2", "room", "x", Via.CHANNELS)):
        assert paths.take(message, 0) == [message]


@pytest.mark.parametrize("first", ["relayed", "direct"])
def test_of_two_the_relayed_one_is_delivered_and_its_copy_is_not(first: str) -> None:
    paths = paths_at(BOTH)
    ways = [relayed(1), copy(1)] if first == "relayed" else [copy(1), relayed(1)]
    assert [m for way in ways for m in paths.take(way, 0)] == [relayed(1)]
    assert paths.tick(1000) == []


def test_a_copy_whose_twin_stays_away_is_delivered_late_and_counted() -> None:
    paths = paths_at(BOTH)
    assert paths.take(copy(1), 0) == []
    assert paths.tick(29) == []
    assert paths.tick(30) == [copy(1)]
    assert paths.counts["twin-not-seen"] == 1


def test_what_is_published_to_channels_waits_for_the_marker_of_its_inbox() -> None:
    paths = paths_at(CHANNELS)
    assert paths.take(direct(1), 0) == []
    assert paths.take(relayed(0), 1) == [relayed(0)]
    assert paths.barrier_passed == 0
    assert paths.marker(Marker(0, 3), 2) == [direct(1)]
    assert paths.barrier_passed == 3
    assert paths.take(direct(2), 3) == [direct(2)]


def test_the_marker_of_an_older_barrier_frees_nothing() -> None:
    paths = paths_at(CHANNELS)
    paths.take(direct(1), 0)
    assert paths.marker(Marker(0, 2), 1) == []


def test_every_inbox_has_its_own_marker() -> None:
    paths = paths_at(CHANNELS, inboxes=2)
    messages = [direct(n)._replace(room=f"room-{n}") for n in range(10)]
    assert [m for message in messages for m in paths.take(message, 0)] == []
    first, second = paths.marker(Marker(0, 3), 0), paths.marker(Marker(1, 3), 0)
    assert first
    assert second
    assert sorted(m.id for m in first + second) == sorted(m.id for m in messages)


def test_without_a_marker_what_is_held_is_delivered_after_a_set_time_and_counted() -> None:
    paths = paths_at(CHANNELS)
    paths.take(direct(1), 0)
    assert paths.tick(9) == []
    assert paths.tick(10) == [direct(1)]
    assert paths.counts["marker-not-seen"] == 1
    assert paths.take(direct(2), 11) == [direct(2)]
    assert paths.barrier_passed == 3


def test_too_much_that_is_held_is_delivered() -> None:
    paths = paths_at(CHANNELS)
    messages = [direct(n) for n in range(21)]
    assert [m for message in messages for m in paths.take(message, 0)] == []
    assert paths.tick(1) == messages


def test_what_its_publisher_knew_more_of_waits_until_that_is_known_here() -> None:
    paths = paths_at(BOTH)
    assert paths.take(direct(1), 0) == []
    assert paths.wants_state
    assert paths.follow(SETTLED, 1) == [direct(1)]
    assert not paths.wants_state


def test_and_then_for_the_marker() -> None:
    paths = paths_at(BOTH)
    paths.take(direct(1), 0)
    assert paths.follow(CHANNELS, 1) == []
    assert paths.marker(Marker(0, 3), 2) == [direct(1)]


def test_where_publishers_use_channels_a_copy_for_both_is_delivered() -> None:
    assert paths_at(SETTLED).take(copy(1), 0) == [copy(1)]


def test_an_older_state_changes_nothing() -> None:
    paths = paths_at(SETTLED)
    paths.follow(BOTH, 0)
    assert paths.state == SETTLED


@pytest.mark.parametrize("state", [NO_CUTOVER, RABBITMQ, SETTLED])
def test_while_no_switch_is_under_way_messages_pass(state: SiteState) -> None:
    paths = paths_at(state)
    assert paths.passes(Message("1", "room", "x", Via.CHANNELS))
    assert paths.passes(direct(2, state.revision))
    assert paths.passes(relayed(3)) is (state.backend is NotifyBackend.RABBITMQ)


def test_what_has_a_partner_or_has_to_wait_does_not_pass() -> None:
    assert not paths_at(RABBITMQ).passes(copy(1))
    assert not paths_at(BOTH).passes(relayed(1))
    assert not paths_at(BOTH).passes(direct(1))
    assert not paths_at(CHANNELS).passes(direct(1))
    paths = paths_at(RABBITMQ)
    paths.take(copy(1), 0)
    assert not paths.passes(relayed(1))


class Journey:
    """One publisher's messages on their ways: straight to the layer at once, by the relay later."""

    def __init__(self, draw: Callable[[int, int], int]) -> None:
        self._draw = draw
        self._paths = paths_at(RABBITMQ)
        self._relay: list[Message | Marker] = []
        self.published = 0
        self.delivered: dict[str, None] = {}

    def publish_some(self, state: SiteState) -> None:
        for _ in range(self._draw(0, 4)):
            self.published += 1
            number, backend = self.published, state.backend
            if backend.uses_rabbitmq:
                self._relay.append(relayed(number))
            if backend is NotifyBackend.BOTH:
                self._come(copy(number, state.revision))
            if backend is NotifyBackend.CHANNELS:
                self._come(direct(number, state.revision))
            self.relay(self._draw(0, len(self._relay)))

    def learn(self, state: SiteState) -> None:
        self._hand_out(self._paths.follow(state, 0))

    def pass_barrier(self) -> None:
        self._relay.append(Marker(0, CHANNELS.barrier))
        self.relay()
        self.learn(CHANNELS)

    def relay(self, count: int | None = None) -> None:
        for item in self._relay[:count]:
            self._come(item)
        del self._relay[:count]

    def _come(self, item: Message | Marker) -> None:
        if isinstance(item, Marker):
            self._hand_out(self._paths.marker(item, 0))
        elif self._paths.passes(item) and self._draw(0, 1):
            self._hand_out([item])
        else:
            self._hand_out(self._paths.take(item, 0))

    def _hand_out(self, messages: list[Message]) -> None:
        self.delivered.update({message.id: None for message in messages})


@given(st.data())
def test_one_publishers_messages_are_delivered_once_and_in_order_through_the_switches(
    data: st.DataObject,
) -> None:
    journey = Journey(lambda low, high: data.draw(st.integers(low, high)))
    unbound = replace(SETTLED, revision=5, binds=False)
    bound = replace(unbound, revision=6, binds=True)
    back = replace(bound, revision=7, backend=NotifyBackend.BOTH)
    for state in (RABBITMQ, BOTH, CHANNELS, SETTLED, unbound, bound, back):
        if state is back:
            journey.learn(bound)  # servers report that they have bound before publishers move
        journey.publish_some(state)
        if state is CHANNELS:
            journey.pass_barrier()
        if data.draw(st.booleans()):
            journey.learn(state)
    journey.learn(back)
    journey.relay()
    assert list(journey.delivered) == [str(n) for n in range(1, journey.published + 1)]


def test_a_marker_is_known_by_its_room() -> None:
    marker = Marker(3, 17)
    assert marker_of(marker.room, marker.text) == marker
    assert marker_of("room", marker.text) is None
    assert marker_of(Marker(4, 17).room, marker.text) is None
    assert marker_of(marker.room, "no JSON") is None
