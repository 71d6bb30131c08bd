"""What a client gets that moves from one socket to another."""

from __future__ import annotations

from dev_stack.demo.clients import Arrival
from dev_stack.demo.door import Session, joined


def arrivals(said: str) -> list[Arrival]:
    return [Arrival(letter.encode(), 0.0, is_text=True) for letter in said]


def got(*sessions: tuple[str, int]) -> str:
    joint = joined([Session(arrivals(said), overlap) for said, overlap in sessions])
    return b"".join(arrival.payload for arrival in joint).decode()


def test_one_socket_is_taken_as_it_is() -> None:
    assert got(("aab", 0)) == "aab"


def test_frames_that_came_over_both_sockets_count_once() -> None:
    assert got(("abcd", 2), ("cdef", 2)) == "abcdef"


def test_frames_that_the_new_socket_alone_got_are_kept() -> None:
    assert got(("abc", 0), ("def", 3)) == "abcdef"


def test_equal_frames_before_and_after_the_overlap_are_different_ones() -> None:
    assert got(("oox", 0), ("xoo", 2)) == "ooxoo"


def test_a_frame_that_one_socket_got_twice_stays_double() -> None:
    assert got(("ax", 0), ("xxb", 1)) == "axxb"


def test_a_frame_that_was_altered_on_the_way_to_one_socket_stays() -> None:
    assert got(("axy", 0), ("Xyb", 1)) == "axyXb"


def test_a_frame_that_neither_got_stays_missing() -> None:
    assert got(("ab", 0), ("de", 2)) == "abde"


def test_three_sockets_are_joined_two_by_two() -> None:
    assert got(("abc", 0), ("cde", 2), ("efa", 2)) == "abcdefa"
