"""Thousands of random faults at random places, each found and named as what it is."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from parity_samples import compared, compressed, fragments, kinds, text

from wsmigrate.parity.frames import Opcode, WireFrame

Frames = list[WireFrame]
RUNS = 400


def stream(rng: random.Random) -> Frames:
    """Some messages, a good part of them equal to one another."""
    common = [f"again {n}".encode() for n in range(3)]
    return [
        text(rng.choice(common) if rng.random() < 0.4 else words(rng))
        for _ in range(rng.randrange(2, 80))
    ]


def words(rng: random.Random) -> bytes:
    return "".join(rng.choices("abcdé世😀 {}", k=rng.randrange(1, 40))).encode()


def flip(rng: random.Random, frames: Frames) -> Frames | None:
    place = rng.randrange(len(frames))
    payload = bytearray(frames[place].payload)
    payload[rng.randrange(len(payload))] ^= rng.randrange(1, 256)
    if any(frame.payload == payload for frame in frames):
        return None
    return [*frames[:place], text(bytes(payload)), *frames[place + 1 :]]


def drop(rng: random.Random, frames: Frames) -> Frames:
    place = rng.randrange(len(frames))
    return frames[:place] + frames[place + 1 :]


def repeat(rng: random.Random, frames: Frames) -> Frames:
    place, to = rng.randrange(len(frames)), rng.randrange(len(frames))
    return [*frames[:to], frames[place], *frames[to:]]


def swap(rng: random.Random, frames: Frames) -> Frames | None:
    one, other = rng.randrange(len(frames)), rng.randrange(len(frames))
    changed = list(frames)
    changed[one], changed[other] = changed[other], changed[one]
    return None if changed == frames else changed


def opcode(rng: random.Random, frames: Frames) -> Frames:
    place = rng.randrange(len(frames))
    other = frames[place]._replace(opcode=rng.choice([Opcode.BINARY, 3, 7]))
    return [*frames[:place], other, *frames[place + 1 :]]


def split(rng: random.Random, frames: Frames) -> Frames:
    place = rng.randrange(len(frames))
    payload = frames[place].payload
    cuts = sorted(rng.randrange(len(payload) + 1) for _ in range(rng.randrange(1, 4)))
    return [*frames[:place], *fragments(payload, *cuts), *frames[place + 1 :]]


def deflate(rng: random.Random, frames: Frames) -> Frames:
    place = rng.randrange(len(frames))
    return [*frames[:place], compressed(frames[place].payload), *frames[place + 1 :]]


def foreign(rng: random.Random, frames: Frames) -> Frames:
    place = rng.randrange(len(frames))
    return [*frames[:place], text(b"for the other room"), *frames[place + rng.randrange(2) :]]


MUTATIONS: dict[str, tuple[Callable[[random.Random, Frames], Frames | None], set[str]]] = {
    "payload": (flip, {"payload"}),
    "missing": (drop, {"missing", "empty"}),
    "extra": (repeat, {"extra"}),
    "reordered": (swap, {"reordered"}),
    "opcode": (opcode, {"opcode"}),
    "fragmentation": (split, {"fragmentation"}),
    "compression": (deflate, {"compression"}),
    "wrong_room": (foreign, {"wrong_room", "missing"}),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_random_mutation_is_found_and_named_as_what_it_is(name):
    mutate, allowed = MUTATIONS[name]
    rng = random.Random(name)
    caught = 0
    for run in range(RUNS):
        frames = stream(rng)
        mutated = mutate(rng, frames)
        if mutated is None:
            continue
        comparison = compared(frames, mutated, elsewhere={b"for the other room": "other"})
        found = set(kinds(comparison))
        assert name in found or found == {"empty"}, (name, run)
        assert found <= allowed, (name, run, found)
        caught += 1
    assert caught > RUNS * 0.8


def test_several_mutations_at_once_never_go_unseen():
    rng = random.Random(4)
    for _ in range(2 * RUNS):
        frames = stream(rng)
        mutated = frames
        for name in rng.choices(list(MUTATIONS), k=3):
            mutated = (MUTATIONS[name][0](rng, mutated) if mutated else None) or mutated
        wire = [frame[:6] for frame in frames]
        if [frame[:6] for frame in mutated] != wire:
            assert kinds(compared(frames, mutated))


def test_a_copy_never_differs():
    rng = random.Random(5)
    for _ in range(2 * RUNS):
        frames = stream(rng)
        later = [frame._replace(at=rng.random()) for frame in frames]
        assert compared(frames, later).differences == ()
