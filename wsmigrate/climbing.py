"""The way up from where a cutover stands, rung by rung: pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wsmigrate.facts import Command
from wsmigrate.rungs import Rung, all_after
from wsmigrate.rungs import plan as commands_to
from wsmigrate.stages import State


@dataclass(frozen=True)
class Climbed:
    """A step up: from which rung to which, and what it comes to."""

    begins: Rung
    rung: Rung
    commands: tuple[Command, ...]


def way_up(state: State) -> Iterator[Climbed]:
    """Every step that is left, in order, if each goes well."""
    possible, rung = state.possible, state.rung
    for goal in state.rungs:
        if rung.is_below(goal):
            commands = commands_to(possible, goal)
            yield Climbed(rung, goal, commands)
            for command in commands:
                possible = all_after(possible, command)
            rung = goal
