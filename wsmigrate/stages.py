"""The stage machine of a cutover: pure and total.

``step(state, event)`` gives the next state and the commands that remain, or raises NotAllowedError,
which names stage and event. Nothing here does I/O: whoever runs the commands tells the machine of
each, before (Started) and after (Done, Failed), and writes the state down in between, so that a
process that is killed at any point is taken over by the next one (Interrupted).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import Union

from wsmigrate.config import NotifyBackend
from wsmigrate.errors import RefusedError
from wsmigrate.facts import Command, Facts
from wsmigrate.rungs import (
    Possible,
    Rung,
    all_after,
    in_doubt,
    ladder,
    plan,
    settled,
    with_backend,
)


class Heading(enum.Enum):
    """Why there is a goal."""

    FORWARD = "forward"
    BACK = "back"
    """By an operator's wish."""
    UNDO = "undo"
    """A step forward failed or was given up: back to where it began."""


@dataclass(frozen=True)
class State:
    """Where a cutover stands.

    ``rung`` is the one that was reached last. While a step is under way ``goal`` is where it leads
    and ``heading`` why; ``doing`` is the command that was begun and not heard of since.
    ``possible`` are the facts that may be true: one set of them, unless a command failed or whoever
    ran it was killed.
    """

    rungs: tuple[Rung, ...] = field(default_factory=ladder)
    rung: Rung = field(default_factory=lambda: ladder()[0])
    goal: Rung | None = None
    heading: Heading | None = None
    possible: Possible = (Facts(),)
    doing: Command | None = None
    paused: bool = False

    @property
    def is_at_rest(self) -> bool:
        """Whether no step is under way."""
        return self.goal is None

    @property
    def where(self) -> str:
        """The rung, and the goal if there is one, as people read it."""
        return self.rung.name if self.goal is None else f"{self.rung.name} -> {self.goal.name}"

    @property
    def todo(self) -> tuple[Command, ...]:
        """The commands that remain until the goal is reached, the one that was begun among them."""
        return () if self.goal is None else plan(self.possible, self.goal)


@dataclass(frozen=True)
class Advance:
    """Go to the next rung."""


@dataclass(frozen=True)
class Rollback:
    """Go back to an earlier rung; in the middle of a step also to the one where it began."""

    to: Rung


@dataclass(frozen=True)
class Switch:
    """Change the notify backend alone, by one step. ``old_clients_get_nothing``: to ``channels``
    although the old server may have clients."""

    backend: NotifyBackend
    old_clients_get_nothing: bool = False


@dataclass(frozen=True)
class Pause:
    """Begin nothing until resumed."""


@dataclass(frozen=True)
class Resume:
    """Go on after a pause."""


@dataclass(frozen=True)
class Abort:
    """Give up the step forward that is under way, and undo what it did."""


@dataclass(frozen=True)
class Started:
    """A command is about to be run."""

    command: Command


@dataclass(frozen=True)
class Done:
    """It took effect, which was verified."""

    command: Command


@dataclass(frozen=True)
class Failed:
    """It did not, or only in part."""

    command: Command


@dataclass(frozen=True)
class Interrupted:
    """Whoever ran the commands is gone; what was begun may have taken effect, or in part."""


Event = Union[Advance, Rollback, Switch, Pause, Resume, Abort, Started, Done, Failed, Interrupted]


class NotAllowedError(RefusedError):
    """An event that the present state does not allow. ``stage`` and ``event`` are their names."""

    def __init__(self, state: State, event: Event, why: str, remedy: str = "") -> None:
        self.stage = state.where
        self.event = type(event).__name__.lower()
        super().__init__(
            f"In stage {self.stage!r} there can be no {self.event!r}: {why}.",
            then="Nothing was changed.",
            remedy=remedy,
        )


def step(state: State, event: Event) -> tuple[State, tuple[Command, ...]]:
    """The state after an event, and the commands that remain to be done. Raises NotAllowedError."""
    following = _STEPS[type(event)](state, event)
    if following.goal is not None and not following.todo and following.doing is None:
        following = replace(
            following,
            rung=following.goal,
            goal=None,
            heading=None,
            possible=settled(following.possible),
        )
    return following, following.todo


def _advance(state: State, event: Event) -> State:
    if state.goal is not None:
        raise NotAllowedError(
            state, event, "a step is under way", "Let it end (resume), or give it up (abort)."
        )
    if state.paused:
        raise NotAllowedError(state, event, "the cutover is paused", "Resume it first.")
    above = [rung for rung in state.rungs if state.rung.is_below(rung)]
    if not above:
        raise NotAllowedError(state, event, "it is the last one")
    return replace(state, goal=above[0], heading=Heading.FORWARD)


def _rollback(state: State, event: Event) -> State:
    assert isinstance(event, Rollback)  # noqa: S101 - for mypy
    earlier = event.to.is_below(state.rung)
    began_here = event.to == state.rung and state.goal is not None
    if not (earlier or began_here):
        raise NotAllowedError(state, event, f"{event.to.name} is not earlier")
    if event.to not in state.rungs:
        raise NotAllowedError(state, event, f"{event.to.name} is no rung of this plan")
    return replace(_put_down(state, event.to), heading=Heading.BACK, paused=False)


def _switch(state: State, event: Event) -> State:
    assert isinstance(event, Switch)  # noqa: S101 - for mypy
    if state.goal is not None:
        raise NotAllowedError(
            state, event, "a step is under way", "Let it end (resume), or give it up (abort)."
        )
    if state.paused:
        raise NotAllowedError(state, event, "the cutover is paused", "Resume it first.")
    now, wanted = state.rung.backend, event.backend
    if now is wanted:
        raise NotAllowedError(state, event, f"the notify backend is {now.value} already")
    if NotifyBackend.BOTH not in {now, wanted}:
        raise NotAllowedError(
            state,
            event,
            f"from {now.value} to {wanted.value} messages would be lost or change places",
            "Set it to both first.",
        )
    old_clients = any(facts.legacy or facts.percent < 100 for facts in state.possible)
    if wanted is NotifyBackend.CHANNELS and old_clients and not event.old_clients_get_nothing:
        raise NotAllowedError(
            state, event, "the old server may have clients, and they would get nothing"
        )
    return replace(state, goal=with_backend(state.rung, wanted), heading=Heading.FORWARD)


def _pause(state: State, event: Event) -> State:
    if state.paused:
        raise NotAllowedError(state, event, "it is paused already")
    return replace(state, paused=True)


def _resume(state: State, event: Event) -> State:
    if not state.paused and state.goal is None:
        raise NotAllowedError(state, event, "nothing is paused or under way")
    return replace(state, paused=False)


def _abort(state: State, event: Event) -> State:
    if state.goal is None:
        raise NotAllowedError(state, event, "no step is under way", "To go back, use rollback.")
    if state.heading is not Heading.FORWARD:
        raise NotAllowedError(
            state, event, "the step under way goes back", "Let it end (resume), then advance."
        )
    return replace(_put_down(state, state.rung), heading=Heading.UNDO, paused=False)


def _started(state: State, event: Event) -> State:
    assert isinstance(event, Started)  # noqa: S101 - for mypy
    if state.paused:
        raise NotAllowedError(state, event, "the cutover is paused", "Resume it first.")
    if state.doing is not None:
        raise NotAllowedError(state, event, f"{_named(state.doing)} was begun and not ended")
    if state.todo[:1] != (event.command,):
        raise NotAllowedError(state, event, f"{_named(event.command)} is not what comes next")
    return replace(state, doing=event.command)


def _done(state: State, event: Event) -> State:
    assert isinstance(event, Done)  # noqa: S101 - for mypy
    _require_doing(state, event, event.command)
    return replace(state, possible=all_after(state.possible, event.command), doing=None)


def _failed(state: State, event: Event) -> State:
    assert isinstance(event, Failed)  # noqa: S101 - for mypy
    _require_doing(state, event, event.command)
    if state.heading is Heading.FORWARD:
        return replace(_put_down(state, state.rung), heading=Heading.UNDO)
    return _put_down(state, state.goal)


def _interrupted(state: State, event: Event) -> State:
    if state.goal is None:
        raise NotAllowedError(state, event, "no step is under way")
    return _put_down(state, state.goal)


def _put_down(state: State, goal: Rung | None) -> State:
    """With a goal, and nothing under way: what a command may have done is possible from now on."""
    possible = state.possible
    if state.doing is not None:
        possible = in_doubt(possible, state.doing)
    return replace(state, goal=goal, possible=possible, doing=None)


def _require_doing(state: State, event: Event, command: Command) -> None:
    if state.doing != command:
        raise NotAllowedError(state, event, f"{_named(command)} was not begun")


def _named(command: Command) -> str:
    return type(command).__name__


_STEPS = {
    Advance: _advance,
    Rollback: _rollback,
    Switch: _switch,
    Pause: _pause,
    Resume: _resume,
    Abort: _abort,
    Started: _started,
    Done: _done,
    Failed: _failed,
    Interrupted: _interrupted,
}
