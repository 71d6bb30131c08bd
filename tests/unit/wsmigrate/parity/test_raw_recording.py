"""Recordings compared as bytes come to the same as recordings that are parsed."""

from __future__ import annotations

import random

import pytest
from parity_samples import fragments, kinds, socket, text, texts

from wsmigrate.parity.comparison import Yardstick, compare_sockets
from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.raw_recording import compare_raw, read_raw
from wsmigrate.parity.recording import Recording
from wsmigrate.parity.recording_file import write_recording
from wsmigrate.parity.replaying import compare_raw_recordings
from wsmigrate.parity.stretches import kept_places

LETTERS = texts(*"abcdefgh")
PING = WireFrame(Opcode.PING, b"")


@pytest.mark.parametrize(
    "received",
    [
        LETTERS,
        LETTERS[:-1],
        LETTERS[1:],
        [],
        [*LETTERS, text("i")],
        [*LETTERS[:3], *LETTERS[4:]],
        [*LETTERS[:3], LETTERS[4], LETTERS[3], *LETTERS[5:]],
        [*LETTERS[:3], text("D"), *LETTERS[4:]],
        [*LETTERS[:3], *fragments(b"d", 0), *LETTERS[4:]],
        [*LETTERS[:3], WireFrame(Opcode.BINARY, b"d"), *LETTERS[4:]],
        [PING, *LETTERS[:3], PING, *LETTERS[3:]],
        [text(b"\xff"), *LETTERS],
    ],
)
def test_raw_and_parsed_agree(tmp_path, received):
    sides = [Recording((socket(one),)) for one in (LETTERS, received)]
    for name, recording in zip("ab", sides, strict=True):
        write_recording(tmp_path / name, recording)
    raws = [read_raw(tmp_path / name) for name in "ab"]
    raw = compare_raw(raws[0].sockets[0], raws[1].sockets[0], Yardstick())
    parsed = compare_sockets(sides[0].sockets[0], sides[1].sockets[0], Yardstick())
    shown = [
        (one.compared, one.matched, [(d.kind, d.index, d.received_index) for d in one.differences])
        for one in (raw, parsed)
    ]
    assert shown[0] == shown[1]


def test_a_fault_in_a_long_recording_is_found_at_its_place(tmp_path):
    rng = random.Random(7)
    whole = [text(f"message {rng.randrange(50)}") for _ in range(5000)]
    place = 3333
    changed = [*whole[:place], text("something else"), *whole[place + 1 :]]
    for name, frames in (("a", whole), ("b", changed)):
        write_recording(tmp_path / name, Recording((socket(frames),)))
    (one,) = compare_raw_recordings(read_raw(tmp_path / "a"), read_raw(tmp_path / "b"), Yardstick())
    assert (one.comparison.compared, one.comparison.matched) == (5000, 4999)
    assert [(d.kind.value, d.index) for d in one.comparison.differences] == [("payload", place)]


def test_lines_that_were_written_by_others_are_left_to_the_parser(tmp_path):
    (tmp_path / "a").write_bytes(b'{"wsmigrate_recording":1}\n{"socket":1,"frame":"te')
    assert read_raw(tmp_path / "a") is None


@pytest.mark.parametrize("alphabet", [1, 3, 40, 10_000])
def test_what_is_left_out_changes_nothing_of_what_is_found(alphabet):
    """However often messages repeat, and wherever faults are."""
    rng = random.Random(alphabet)
    for _ in range(60):
        whole = [text(f"{rng.randrange(alphabet)}") for _ in range(rng.randrange(1, 700))]
        changed = list(whole)
        for _ in range(rng.randrange(4)):
            changed = mutated(rng, changed)
        tails = [[frame.payload for frame in one] for one in (whole, changed)]
        kept, there = kept_places(*tails)
        assert len(whole) - len(kept) == len(changed) - len(there)
        full = compare_sockets(socket(whole), socket(changed), Yardstick())
        part = compare_sockets(
            socket(whole[place] for place in kept),
            socket(changed[place] for place in there),
            Yardstick(),
        )
        assert sorted(kinds(part)) == sorted(kinds(full))
        equal = len(whole) - len(kept)
        assert (part.compared + equal, part.matched + equal) == (full.compared, full.matched)


def mutated(rng, frames):
    place, to = (rng.randrange(len(frames)) if frames else 0 for _ in range(2))
    ways = [
        [*frames[:place], *frames[place + 1 :]],
        [*frames[:to], *frames[place : place + 1], *frames[to:]],
        [*frames[:place], text(f"new {rng.random()}"), *frames[place + 1 :]],
        [*frames[:place], *reversed(frames[place : place + 2]), *frames[place + 2 :]],
    ]
    return rng.choice(ways)


def test_little_of_a_long_recording_is_left_to_compare():
    before = [f"{n % 500}".encode() for n in range(100_000)]
    after = [b"x" if n % 1000 == 999 else one for n, one in enumerate(before)]
    kept, there = kept_places(before, after)
    assert len(kept) == len(there) <= 5 * 100


def test_the_place_of_what_was_moved_is_that_in_the_whole(tmp_path):
    whole = [text(f"message {n}") for n in range(2000)]
    moved = [*whole[:900], *whole[901:1500], whole[900], *whole[1500:]]
    for name, frames in (("a", whole), ("b", moved)):
        write_recording(tmp_path / name, Recording((socket(frames),)))
    (one,) = compare_raw_recordings(read_raw(tmp_path / "a"), read_raw(tmp_path / "b"), Yardstick())
    (difference,) = one.comparison.differences
    assert difference.kind.value == "reordered"
    assert difference.detail == "it came at place 1499, and belongs at 900"
