"""Where `wsmigrate run` stands in its plan, as it is written down for the process that goes on."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from wsmigrate.errors import ConfigError
from wsmigrate.run_plan import PlanStep, RunPlan

FORMAT = 1
"""Rises when an older version could not go on with what a newer one has written."""


class Phase(enum.Enum):
    """What is done next. The first four belong to a step, the last three are ends."""

    BEFORE = "before"
    CLIMB = "climb"
    AFTER = "after"
    BAKE = "bake"
    UNDO = "undo"
    DONE = "done"
    FAILED = "failed"
    ABORTED = "aborted"


ENDS = frozenset({Phase.DONE, Phase.FAILED, Phase.ABORTED})
_NEXT = {Phase.BEFORE: Phase.CLIMB, Phase.CLIMB: Phase.AFTER, Phase.AFTER: Phase.BAKE}


@dataclass(frozen=True)
class Place:
    """A place in a plan.

    ``index`` counts steps from 0; ``baked_s`` is how long the rung of this step was watched, in
    seconds, by whichever processes. ``began`` names the rung at which the step ``began_step`` began
    (-1: none has), and ``undo_to`` the one to which a failure leads (empty: it stays where it is);
    ``why`` is why it failed or was given up.
    """

    plan: RunPlan
    index: int = 0
    phase: Phase = Phase.BEFORE
    baked_s: float = 0.0
    began: str = ""
    began_step: int = -1
    undo_to: str = ""
    why: str = ""

    @property
    def step(self) -> PlanStep:
        """The step at hand; the last one at the end."""
        return self.plan.steps[min(self.index, len(self.plan.steps) - 1)]

    @property
    def has_ended(self) -> bool:
        """Whether nothing of the plan is left to be done."""
        return self.phase in ENDS

    @property
    def bake_left_s(self) -> float:
        """Seconds for which the rung is still to be watched."""
        return max(0.0, self.step.bake_s - self.baked_s)

    def after(self) -> Place:
        """The place once the phase at hand is over, in a plan that goes well."""
        if self.phase in _NEXT:
            return replace(self, phase=_NEXT[self.phase], baked_s=0.0)
        if self.phase is Phase.BAKE:
            return self.next_step()
        raise ValueError(f"nothing comes after {self.phase.value}")

    def next_step(self) -> Place:
        """The beginning of the next step, or the end."""
        if self.index + 1 == len(self.plan.steps):
            return replace(self, phase=Phase.DONE)
        return replace(self, index=self.index + 1, phase=Phase.BEFORE, baked_s=0.0)

    def begun(self, rung: str) -> Place:
        """The step at hand begins to change something, from this rung; once begun it stays so."""
        if self.began_step == self.index:
            return self
        return replace(self, began=rung, began_step=self.index)

    def baked(self, seconds: float) -> Place:
        """The place after so many more seconds of a bake."""
        return replace(self, baked_s=min(self.step.bake_s, self.baked_s + seconds))

    def failing(self, why: str) -> Place:
        """The site is not well: back to where the plan says, else to where the last step began."""
        return replace(self, phase=Phase.UNDO, why=why, undo_to=self.step.rollback_to or self.began)

    def not_begun(self, why: str) -> Place:
        """The step at hand cannot begin: it stays where it is, unless the plan says otherwise."""
        return replace(self, phase=Phase.UNDO, why=why, undo_to=self.step.rollback_to)

    def ended(self, phase: Phase, why: str = "") -> Place:
        """At one of the ends."""
        return replace(self, phase=phase, why=why or self.why)


def record_of_place(place: Place) -> dict[str, Any]:
    """As JSON can say it, with the plan."""
    return {
        "format": FORMAT,
        "name": place.plan.name,
        "check_every_s": place.plan.check_every_s,
        "steps": [
            {entry.name: _plain(getattr(step, entry.name)) for entry in fields(step)}
            for step in place.plan.steps
        ],
        "index": place.index,
        "phase": place.phase.value,
        "baked_s": round(place.baked_s, 3),
        "began": place.began,
        "began_step": place.began_step,
        "undo_to": place.undo_to,
        "why": place.why,
    }


def place_of_record(record: Mapping[str, Any]) -> Place | None:
    """The reverse; None for an empty record: no plan was ever run. Raises ConfigError for a newer
    format."""
    if not record:
        return None
    found = record.get("format")
    if not isinstance(found, int) or found > FORMAT:
        raise ConfigError(
            f"A run was written down in format {found}, and this version of wsmigrate knows "
            f"formats up to {FORMAT}.",
            remedy="Use the version that wrote it, or a newer one.",
        )
    steps = tuple(_step_of_record(step) for step in record["steps"])
    return Place(
        RunPlan(steps, record["name"], float(record["check_every_s"])),
        int(record["index"]),
        Phase(record["phase"]),
        float(record["baked_s"]),
        str(record["began"]),
        int(record["began_step"]),
        str(record["undo_to"]),
        str(record["why"]),
    )


def _step_of_record(record: Mapping[str, Any]) -> PlanStep:
    known = {entry.name for entry in fields(PlanStep)}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in record.items()
        if key in known
    }
    return PlanStep(**values)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
