from __future__ import annotations

import json

import pytest

from wsmigrate.command_texts import command_of_record, name_of, record_of_command, sentence_of
from wsmigrate.cutover_record import record_of_state, state_of_record
from wsmigrate.errors import ConfigError
from wsmigrate.facts import RouteRooms
from wsmigrate.rungs import ladder
from wsmigrate.stages import Advance, Done, Failed, Interrupted, Started, State, step

LADDER = ladder((10, 100))


def every_state() -> list[State]:
    """All states of a way through the ladder, with a failure and a crash in each step."""
    states = [State(LADDER, LADDER[0])]
    for _ in LADDER[1:]:
        states.append(step(states[-1], Advance())[0])
        for mishap in (Failed, None):
            command = states[-1].todo[0]
            states.append(step(states[-1], Started(command))[0])
            states.append(step(states[-1], mishap(command) if mishap else Interrupted())[0])
            while not states[-1].is_at_rest:
                command = states[-1].todo[0]
                states.append(step(states[-1], Started(command))[0])
                states.append(step(states[-1], Done(command))[0])
            states.append(step(states[-1], Advance())[0])
        while not states[-1].is_at_rest:
            command = states[-1].todo[0]
            states.append(step(states[-1], Started(command))[0])
            states.append(step(states[-1], Done(command))[0])
        if states[-1].rung == LADDER[-1]:
            return states
    return states


def test_a_state_is_read_as_it_was_written() -> None:
    states = every_state()
    assert states[-1].rung == LADDER[-1]
    for state in states:
        assert state_of_record(json.loads(json.dumps(record_of_state(state))), LADDER) == state


def test_every_command_is_read_as_it_was_written_and_has_a_sentence() -> None:
    commands = {state.doing for state in every_state() if state.doing is not None}
    assert len(commands) > 10
    for command in commands:
        assert command_of_record(record_of_command(command)) == command
        assert len(sentence_of(command)) > 20
        assert "." not in sentence_of(command)


def test_a_command_is_named_in_small_letters() -> None:
    assert name_of(RouteRooms(5)) == "route-rooms"


def test_where_nothing_is_written_the_cutover_has_not_begun() -> None:
    assert state_of_record({}, LADDER) == State(LADDER, LADDER[0])


def test_keys_of_a_newer_version_are_passed_over() -> None:
    record = record_of_state(State(LADDER, LADDER[0]))
    record["mood"] = "fine"
    record["possible"][0]["weather"] = "rain"
    assert state_of_record(record, LADDER) == State(LADDER, LADDER[0])


def test_a_newer_format_is_refused() -> None:
    record = record_of_state(State(LADDER, LADDER[0])) | {"format": 2}
    with pytest.raises(ConfigError, match="format 2"):
        state_of_record(record, LADDER)


def test_an_unknown_command_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError, match="fly-away"):
        command_of_record({"command": "fly-away"})
