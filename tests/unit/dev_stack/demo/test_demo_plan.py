"""How much the demo does, and what cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev_stack.demo.plan import (
    MAX_CLIENTS,
    MAX_MESSAGES,
    MAX_ROOMS,
    DemoOptions,
    messages_of_phases,
    messages_of_rooms,
)
from wsmigrate.errors import ConfigError, ExitCode


class TestOptions:
    def test_the_defaults_are_500_messages_20_clients_and_5_rooms(self) -> None:
        options = DemoOptions()
        assert (options.messages, options.clients, options.rooms) == (500, 20, 5)

    def test_the_smallest_demo_has_one_of_each(self) -> None:
        assert DemoOptions(messages=1, clients=1, rooms=1).messages == 1

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"messages": 0}, "--messages is 0, and has to be 1 to 100,000."),
            ({"messages": MAX_MESSAGES + 1}, "--messages is 100001"),
            ({"clients": 0}, "--clients is 0, and has to be 1 to 500."),
            ({"clients": MAX_CLIENTS + 1}, "--clients is 501"),
            ({"rooms": -1}, "--rooms is -1, and has to be 1 to 100."),
            ({"rooms": MAX_ROOMS + 1}, "--rooms is 101"),
            ({"rooms": 5, "clients": 4}, "--clients is 4, and has to be at least the number of"),
            ({"rooms": 5, "messages": 4}, "--messages is 4, and has to be at least the number of"),
        ],
    )
    def test_what_cannot_be_is_one_sentence_and_exit_code_2(
        self, wrong: dict[str, int], sentence: str
    ) -> None:
        with pytest.raises(ConfigError) as caught:
            DemoOptions(**wrong)  # type: ignore[arg-type]
        assert str(caught.value).startswith(sentence)
        assert caught.value.exit_code is ExitCode.COULD_NOT_ACT


class TestShares:
    @given(st.integers(1, 2000), st.integers(1, 100))
    def test_every_message_belongs_to_one_room_as_evenly_as_can_be(
        self, messages: int, rooms: int
    ) -> None:
        counts = messages_of_rooms(messages, rooms)
        assert sum(counts) == messages
        assert max(counts) - min(counts) <= 1

    @given(st.integers(0, 2000))
    def test_every_message_of_a_room_belongs_to_one_phase(self, messages: int) -> None:
        counts = messages_of_phases(messages)
        assert sum(counts) == messages
        assert min(counts) >= 0

    def test_from_eight_messages_on_some_are_posted_in_every_phase(self) -> None:
        assert all(messages_of_phases(8))
