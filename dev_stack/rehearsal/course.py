"""The course of a rehearsal: the steps that its operator takes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from dev_stack.rehearsal.load import Load
from wsmigrate.rungs import Rung, Stage, ladder


@dataclass(frozen=True)
class Step:
    """One call of ``advance``, or of ``rollback --to``, and where it leads."""

    rung: Rung
    back: bool = False

    @property
    def name(self) -> str:
        """As people read it."""
        return f"back to {self.rung.name}" if self.back else self.rung.name


def course_of(load: Load) -> tuple[Step, ...]:
    """Up through all stages; with rollbacks, from each stage once back to the one before, and up
    again; at last from the top to the bottom, where the load says so."""
    rungs = ladder(load.percentages)
    steps: list[Step] = []
    before = rungs[0]
    for _, group in groupby(rungs[1:], key=lambda rung: rung.stage):
        stage = tuple(group)
        up = [Step(rung) for rung in stage]
        steps += up
        if load.rollbacks == "each":
            steps += [Step(before, back=True), *up]
        before = stage[-1]
    if load.back_to_legacy:
        steps.append(Step(rungs[0], back=True))
    return tuple(steps)


def stages_of(steps: tuple[Step, ...]) -> tuple[Stage, ...]:
    """The stages that it leads to, in order."""
    return tuple(dict.fromkeys(step.rung.stage for step in steps))
