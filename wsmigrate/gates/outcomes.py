"""What a gate says, and what several say together."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from wsmigrate.errors import ExitCode

Figure = Union[int, float, None]


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
    and for the audit log; it never holds a secret or the body of a message. ``figures`` are the
    same for programs: ``value``, ``limit``, ``count`` and ``least``, as far as the gate has them.
    """

    gate: str
    outcome: Outcome
    why: str
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """For JSON, which knows neither NaN nor infinity: they become null."""
        figures = {key: _finite(value) for key, value in self.figures.items()}
        return {
            "gate": self.gate,
            "outcome": self.outcome.value,
            "why": self.why,
            "figures": figures,
        }


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


def judged(value: float | None, limit: float, *, count: float, least: float) -> Outcome:
    """A figure against its limit: FAIL above it, PASS up to it. INCONCLUSIVE where there is no
    figure or one that cannot be (not a number, below zero), or where fewer than ``least``
    observations stand behind it."""
    if value is None or not value >= 0 or not count >= least:  # so that NaN is none of it
        return Outcome.INCONCLUSIVE
    return Outcome.PASS if value <= limit else Outcome.FAIL


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


def _finite(value: Figure) -> Figure:
    return value if value is not None and math.isfinite(value) else None
