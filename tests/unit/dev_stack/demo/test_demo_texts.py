"""What is said in the rooms."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dev_stack.demo.plan import PHASES
from dev_stack.demo.texts import HUGE_BYTES, SABOTAGE_SIGN, SPEAKERS, Line, script_of_room

seeds = st.integers(0, 2**32)
counts = st.integers(0, 120)


def texts(script: tuple[tuple[Line, ...], ...]) -> list[str]:
    return [line.text for lines in script for line in lines]


class TestScript:
    @given(counts, seeds)
    def test_it_has_as_many_lines_as_messages_were_asked_for(self, count: int, seed: int) -> None:
        script = script_of_room(count, seed, room=0)
        assert len(script) == len(PHASES)
        assert len(texts(script)) == count

    @given(counts, seeds)
    def test_while_the_door_moves_no_text_equals_any_other_of_the_room(
        self, count: int, seed: int
    ) -> None:
        script = script_of_room(count, seed, room=0)
        moving = [
            line.text
            for lines, phase in zip(script, PHASES, strict=True)
            for line in lines
            if phase.moving
        ]
        everything = texts(script)
        assert all(everything.count(text) == 1 for text in moving)

    @given(counts, seeds)
    def test_no_text_is_empty_or_looks_sabotaged(self, count: int, seed: int) -> None:
        for text in texts(script_of_room(count, seed, room=0)):
            assert text
            assert not text.startswith(SABOTAGE_SIGN)

    @given(seeds)
    def test_every_speaker_is_one_of_the_rooms(self, seed: int) -> None:
        script = script_of_room(50, seed, room=0)
        assert {line.speaker for lines in script for line in lines} <= set(range(SPEAKERS))

    def test_the_same_seed_says_the_same(self) -> None:
        assert script_of_room(40, 7, room=1) == script_of_room(40, 7, room=1)

    def test_another_seed_or_room_says_something_else(self) -> None:
        script = script_of_room(40, 7, room=1)
        assert script_of_room(40, 8, room=1) != script
        assert script_of_room(40, 7, room=2) != script

    def test_there_is_every_kind_of_text(self) -> None:
        said = texts(script_of_room(100, 1, room=0))
        assert any(len(text) < 10 for text in said)
        assert any(1_000 < len(text) < 100_000 for text in said)
        assert any(len(text.encode()) == HUGE_BYTES for text in said)
        assert any("<" in text for text in said)
        assert any(ord(sign) > 0xFFFF for text in said for sign in text)
        assert any(sign.isalpha() and not sign.isascii() for text in said for sign in text)

    def test_many_texts_are_equal(self) -> None:
        said = texts(script_of_room(100, 1, room=0))
        assert len(set(said)) < 0.8 * len(said)

    def test_every_text_can_be_sent_as_json(self) -> None:
        for text in texts(script_of_room(100, 1, room=0)):
            assert json.loads(json.dumps(text).encode()) == text
