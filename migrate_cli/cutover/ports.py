"""What the executor needs from elsewhere: gates, the commands' effects, and somebody to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wsmigrate.facts import Command
from wsmigrate.gates import GateResult
from wsmigrate.rungs import Rung

Say = Callable[[str], None]
"""Takes a sentence for people."""


@dataclass(frozen=True)
class PlannedGate:
    """A gate that a step has: what it ``measures``, when it ``passes``, and for how many seconds it
    is measured."""

    gate: str
    measures: str
    passes: str
    window_s: float = 0.0


class Gates(Protocol):
    """The gates of a step. No result at all counts as inconclusive (wsmigrate.gates)."""

    def judge(self, rung: Rung, goal: Rung) -> Sequence[GateResult]:
        """Ask every gate of the step from ``rung`` up to ``goal``. What a gate cannot find out is
        an inconclusive result, not an exception."""

    def judge_at_once(self, rung: Rung, goal: Rung) -> Sequence[GateResult]:
        """The same of those gates alone that need no window of time, to be looked at often."""

    def planned(self, rung: Rung, goal: Rung) -> Sequence[PlannedGate]:
        """Which gates ``judge`` would ask. Nothing is measured."""


class NoGates:
    """Stands where no gate is set: every step up is inconclusive."""

    def judge(self, rung: Rung, goal: Rung) -> Sequence[GateResult]:  # noqa: ARG002
        """Nothing."""
        return ()

    def judge_at_once(self, rung: Rung, goal: Rung) -> Sequence[GateResult]:  # noqa: ARG002
        """Nothing."""
        return ()

    def planned(self, rung: Rung, goal: Rung) -> Sequence[PlannedGate]:  # noqa: ARG002
        """Nothing."""
        return ()


class Effects(Protocol):
    """Has the commands take effect."""

    def do(self, command: Command, say: Say) -> str:
        """Have a command take effect, verify that it did, and return what was seen, in a sentence.

        Idempotent: what was done in part is done in full. Raises WsmigrateError where it cannot be
        had; it may then have taken effect in part.
        """


class Watcher(Protocol):
    """Is told before and after everything that the executor does; may raise, and may end the
    process: whatever it does, the next call goes on from what is written down."""

    def at(self, point: str, command: Command | None) -> None:
        """``point`` is one of ``begin``, ``started``, ``acted``, ``ended``."""


class Unwatched:
    """Nobody looks."""

    def at(self, point: str, command: Command | None) -> None:
        """Nothing."""
