from __future__ import annotations

from dataclasses import replace

import pytest

from channels_ws.admission import Admission, Limits, NotAdmittedError, Refusal
from channels_ws.token_bucket import Rate

PLENTY = Rate(1000.0, 1000)
LIMITS = Limits(100, 50, new_rooms=PLENTY, new_rooms_of_address=PLENTY, patience_s=5.0)


def enter(admission: Admission, room: str, address: str = "a", now: float = 0.0) -> object:
    """The seconds to wait, or why not."""
    try:
        return admission.enter(room, address, now)
    except NotAdmittedError as error:
        return error.refusal


def test_sockets_are_bounded() -> None:
    admission = Admission(replace(LIMITS, sockets=2), 0.0)
    assert [enter(admission, "room") for _ in range(3)] == [0.0, 0.0, Refusal.SOCKETS]
    admission.leave("room", is_live=True)
    assert enter(admission, "room") == 0.0


def test_rooms_are_bounded_and_one_that_lingers_counts() -> None:
    admission = Admission(replace(LIMITS, rooms=2), 0.0)
    assert [enter(admission, room) for room in "abca"] == [0.0, 0.0, Refusal.ROOMS, 0.0]
    for _ in range(2):
        admission.leave("a", is_live=True)
    assert enter(admission, "c") is Refusal.ROOMS
    admission.forget("a")
    assert enter(admission, "c") == 0.0


def test_a_room_of_which_nothing_was_made_does_not_count() -> None:
    admission = Admission(replace(LIMITS, rooms=1), 0.0)
    enter(admission, "refused by the policy")
    admission.leave("refused by the policy", is_live=False)
    assert enter(admission, "room") == 0.0


def test_a_room_that_is_left_while_somebody_comes_stays_known() -> None:
    admission = Admission(LIMITS, 0.0)
    enter(admission, "room")
    admission.forget("room")
    assert admission.rooms == 1
    admission.leave("room", is_live=False)
    assert admission.rooms == 0


def test_new_rooms_are_paced_and_then_refused() -> None:
    admission = Admission(replace(LIMITS, new_rooms=Rate(10.0, 2), patience_s=0.25), 0.0)
    assert [enter(admission, room) for room in "abcde"] == [
        0.0,
        0.0,
        pytest.approx(0.1),
        pytest.approx(0.2),
        Refusal.PACE,
    ]
    assert enter(admission, "a") == 0.0  # not new


def test_sockets_of_a_new_room_wait_together_and_cost_one_token() -> None:
    admission = Admission(replace(LIMITS, new_rooms=Rate(10.0, 1)), 0.0)
    enter(admission, "first")
    waits = [enter(admission, "room", now=when) for when in (0.0, 0.0, 0.04, 0.2)]
    assert waits == [pytest.approx(w) for w in (0.1, 0.1, 0.06, 0.0)]
    assert enter(admission, "next", now=0.2) == 0.0


def test_an_address_that_names_rooms_too_fast_is_refused_and_takes_nothing_from_others() -> None:
    limits = replace(LIMITS, new_rooms=Rate(1.0, 3), new_rooms_of_address=Rate(1.0, 2))
    admission = Admission(replace(limits, patience_s=0.0), 0.0)
    assert [enter(admission, room, "greedy") for room in "abcd"] == [
        *(0.0, 0.0),
        *(Refusal.ADDRESS, Refusal.ADDRESS),
    ]
    assert enter(admission, "e", "modest") == 0.0
    assert enter(admission, "a", "greedy") == 0.0  # a room that is there already


def test_what_is_refused_leaves_no_trace() -> None:
    admission = Admission(replace(LIMITS, rooms=1), 0.0)
    enter(admission, "room")
    for number in range(1000):
        assert enter(admission, f"room-{number}") is Refusal.ROOMS
    assert (admission.sockets, admission.rooms) == (1, 1)


def test_only_the_clients_own_doing_is_429() -> None:
    assert {refusal: refusal.status for refusal in Refusal} == {
        Refusal.SOCKETS: 503,
        Refusal.ROOMS: 503,
        Refusal.PACE: 503,
        Refusal.ADDRESS: 429,
    }
