"""Gates: checks that a step of the cutover must pass. Three outcomes; no data is never a pass."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from wsmigrate.errors import ExitCode


class Outcome(enum.Enum):
    """What a gate found."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


_EXIT_CODES = {
    Outcome.PASS: ExitCode.DONE,
    Outcome.FAIL: ExitCode.REFUSED,
    Outcome.INCONCLUSIVE: ExitCode.COULD_NOT_ACT,
}


@dataclass(frozen=True)
class GateResult:
    """One gate's outcome. ``why`` is a sentence with the figures that it was judged by, for people
    and for the audit log; it never holds a secret or the body of a message."""

    gate: str
    outcome: Outcome
    why: str


@dataclass(frozen=True)
class Judgement:
    """What all gates of a step say together."""

    outcome: Outcome
    results: tuple[GateResult, ...]

    @property
    def exit_code(self) -> ExitCode:
        """The code of a command that ends with this judgement."""
        return _EXIT_CODES[self.outcome]

    def with_outcome(self, outcome: Outcome) -> tuple[GateResult, ...]:
        """The gates that came to this."""
        return tuple(result for result in self.results if result.outcome is outcome)


def judged(value: float | None, limit: float, *, count: int, least: int) -> Outcome:
    """A figure against its limit: FAIL above it, PASS up to it. INCONCLUSIVE where there is no
    figure, or where fewer than ``least`` observations stand behind it."""
    if value is None or value != value or count < least:  # noqa: PLR0124 - not a number
        return Outcome.INCONCLUSIVE
    return Outcome.FAIL if value > limit else Outcome.PASS


def judgement_of(results: Iterable[GateResult]) -> Judgement:
    """FAIL if any gate fails, else INCONCLUSIVE if any is, else PASS.

    Without any gate there is no data: INCONCLUSIVE. (A step that needs no gate does not ask.)
    """
    found = tuple(results)
    outcomes = {result.outcome for result in found}
    for worst in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        if worst in outcomes:
            return Judgement(worst, found)
    return Judgement(Outcome.PASS if found else Outcome.INCONCLUSIVE, found)
