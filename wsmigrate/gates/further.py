"""Gates of the site's own: a query of Prometheus, or a program. Judgement only."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wsmigrate.gates.outcomes import Figure, GateResult, Outcome
from wsmigrate.rungs import Rung, Stage

_BY_EXIT_CODE = {0: Outcome.PASS, 1: Outcome.FAIL, 2: Outcome.INCONCLUSIVE}


@dataclass(frozen=True)
class Bounds:
    """What every value of a query has to keep to: ``at_least`` and ``at_most``; one is given.
    ``series``: so many values there have to be, or the gate does not know."""

    at_least: float | None = None
    at_most: float | None = None
    series: int = 1

    def keep(self, value: float) -> bool:
        """Whether a value is within them."""
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)

    @property
    def text(self) -> str:
        """For people."""
        parts = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        parts += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        return " and ".join(parts)


def judge_values(name: str, values: Sequence[float], bounds: Bounds) -> GateResult:
    """The values of a query. Without values, or with one that is not a number, it is not known."""
    figures: dict[str, Figure] = {"count": len(values), "least": bounds.series}
    if any(math.isnan(value) for value in values):
        return GateResult(name, Outcome.INCONCLUSIVE, "A value is not a number.", figures)
    wrong = [value for value in values if not bounds.keep(value)]
    shown = wrong or list(values)
    figures["value"] = shown[0] if shown else None
    if wrong:
        why = f"{len(wrong)} of {len(values)} values ({shown[0]:g}) are not {bounds.text}."
        return GateResult(name, Outcome.FAIL, why, figures)
    if len(values) < max(1, bounds.series):
        why = f"{len(values)} values came, and at least {max(1, bounds.series)} are needed."
        return GateResult(name, Outcome.INCONCLUSIVE, why, figures)
    why = f"{shown[0]:g} is {bounds.text}" + (
        f", and so are all {len(values)}." if values[1:] else "."
    )
    return GateResult(name, Outcome.PASS, why, figures)


def judge_exit_code(name: str, code: int, said: str) -> GateResult:
    """A program that ended: 0 is a pass, 1 a fail, 2 not known, and so is everything else."""
    outcome = _BY_EXIT_CODE.get(code, Outcome.INCONCLUSIVE)
    why = said or "It said nothing."
    if code not in _BY_EXIT_CODE:
        why = f"It ended with exit code {code}. {said}".strip()
    return GateResult(name, outcome, why, {"value": code})


def is_asked(stages: Collection[Stage], goal: Rung) -> bool:
    """Whether a further gate belongs to a step: into one of its stages, or, where it names none,
    into any that the new server has a part in."""
    if stages:
        return goal.stage in stages
    return goal.stage not in {Stage.LEGACY, Stage.DOOR}
