from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsmigrate.rooms import (
    MAX_GROUP_LENGTH,
    RoomError,
    checked_room,
    group_of_room,
    room_of_decoded_path,
    room_of_path,
)

names = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0\r\n"), min_size=1, max_size=60
).filter(lambda name: not name.startswith("amq."))


@pytest.mark.parametrize(
    ("path", "room"),
    [
        (b"/lobby", "lobby"),
        (b"/lobby/", "lobby"),
        (b"//lobby", "lobby"),
        (b"/%6cobby", "lobby"),
        (b"/lob/by", "lobby"),
        (b"/lob%2Fby", "lobby"),
        (b"/caf%C3%A9", "café"),
        (b"/a%20b", "a b"),
        (b"/a+b", "a+b"),
        (b"/%252F", "%2F"),
        (b"/Lobby", "Lobby"),
        (b"/100%", "100%"),
    ],
)
def test_a_room_is_the_decoded_path_without_slashes(path: bytes, room: str) -> None:
    assert room_of_path(path) == room


def test_a_path_that_a_server_has_decoded_is_not_decoded_again() -> None:
    assert room_of_decoded_path(b"/%72") == "%72"


@given(names)
def test_every_possible_name_survives_the_way_through_a_url(name: str) -> None:
    assert room_of_path(b"/" + quote(name, safe="").encode()) == name


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (b"/", "empty"),
        (b"///", "empty"),
        (b"", "empty"),
        (b"/amq.topic", "reserved"),
        (b"/a%00b", "NUL"),
        (b"/a%0Ab", "LF"),
        (b"/a%0Db", "CR"),
        (b"/%FF", "not UTF-8"),
        (b"/" + b"x" * 256, "256 bytes"),
        (b"/" + quote("é" * 128).encode(), "256 bytes"),
    ],
)
def test_a_room_whose_exchange_could_not_exist_is_refused(path: bytes, reason: str) -> None:
    with pytest.raises(RoomError, match=reason):
        room_of_path(path)


def test_the_longest_room_has_255_bytes() -> None:
    assert checked_room("é" * 127 + "x") == "é" * 127 + "x"


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(RoomError, match="surrogate"):
        checked_room("\ud800")


@pytest.mark.parametrize("room", ["lobby", "a", "A-b_c.9", "x" * MAX_GROUP_LENGTH, "x-short"])
def test_a_room_that_fits_is_its_own_group(room: str) -> None:
    assert group_of_room(room) == room


@pytest.mark.parametrize("room", ["café", "a b", "a:b", "x" * (MAX_GROUP_LENGTH + 1), "é" * 127])
def test_any_other_room_is_hashed_into_a_valid_group(room: str) -> None:
    group = group_of_room(room)
    assert group.startswith("x-")
    assert len(group) == 2 + 52
    assert group.isascii()


def test_the_hash_is_fixed_for_ever() -> None:
    # Processes of different versions have to agree. Made with: printf 'café' | openssl dgst
    # -sha256 -binary | base32
    assert group_of_room("café") == "x-quhx3rbzcd7ysd4iphao2jx6nf6jhidhvwj2pvipizvhakfjx5ha"


def test_a_room_that_looks_like_a_hash_is_hashed_too() -> None:
    impostor = group_of_room("café")
    assert group_of_room(impostor) != impostor


@given(st.sets(names, min_size=2, max_size=20))
def test_no_two_rooms_share_a_group(rooms: set[str]) -> None:
    assert len({group_of_room(room) for room in rooms}) == len(rooms)
