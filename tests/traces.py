"""What may happen to a cutover, event by event: drawn by Hypothesis for the model of the paths, and
by a seed for real services."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from wsmigrate.config import NotifyBackend
from wsmigrate.rungs import Rung
from wsmigrate.stages import (
    Abort,
    Advance,
    Event,
    Interrupted,
    Pause,
    Resume,
    Rollback,
    State,
    Switch,
)

T = TypeVar("T")
OUTCOMES = ("done", "done", "done", "failed", "killed")


class Chooser(Protocol):
    """Chooses one of several."""

    def one_of(self, options: Sequence[T], label: str) -> T: ...


@dataclass(frozen=True)
class Drawn:
    """By Hypothesis, which shrinks what fails."""

    data: st.DataObject

    def one_of(self, options: Sequence[Any], label: str) -> Any:
        return self.data.draw(st.sampled_from(options), label)


@dataclass(frozen=True)
class Seeded:
    """By a seed, which is enough to have the same again."""

    source: random.Random

    def one_of(self, options: Sequence[Any], label: str) -> Any:
        return self.source.choice(options)


def next_wish(chooser: Chooser, state: State, rungs: Sequence[Rung]) -> Event | None:
    """What happens next; None: a command is run. It may be one that the state does not allow."""
    wishes: dict[str, Event | None] = {
        "back": Rollback(chooser.one_of(rungs, "back to")),
        "switch": Switch(chooser.one_of(tuple(NotifyBackend), "switch to")),
        "abort": Abort(),
        "pause": Resume() if state.paused else Pause(),
        "go on": _going_on(state),
    }
    return wishes[chooser.one_of([*wishes, "go on", "go on", "go on"], "wish")]


def next_outcome(chooser: Chooser) -> str:
    """What becomes of a command."""
    return chooser.one_of(OUTCOMES, "outcome")


def _going_on(state: State) -> Event | None:
    if state.doing is not None:
        return Interrupted()
    return Advance() if state.is_at_rest else None
