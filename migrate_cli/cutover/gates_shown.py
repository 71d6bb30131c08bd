"""How gates and what they say are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from migrate_cli.cutover.ports import PlannedGate
from wsmigrate.gates import GateResult, Outcome
from wsmigrate.rungs import Rung

_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.INCONCLUSIVE: "yellow"}


def asking_line(rung: Rung, goal: Rung, planned: Sequence[PlannedGate]) -> str:
    """What is about to be asked, and for how long."""
    if not planned:
        return f"No gate is set for the step from {rung.name} to {goal.name}."
    seconds = max(one.window_s for one in planned)
    time = f", for {seconds:g} s and a little longer" if seconds else ""
    return f"Asking {len(planned)} gates of the step from {rung.name} to {goal.name}{time}."


def gates_table(results: Sequence[GateResult]) -> Table:
    """What each one says."""
    table = Table("gate", "outcome", "why", box=None)
    for result in results:
        style = _STYLES[result.outcome]
        table.add_row(Text(result.gate), Text(result.outcome.value, style), Text(result.why))
    return table


def gate_line(result: GateResult) -> str:
    """The same in a line."""
    return f"  {result.outcome.value:<12}  {result.gate}: {result.why}"


def record_of_planned(planned: PlannedGate) -> dict[str, Any]:
    """For scripts."""
    return {
        "gate": planned.gate,
        "measures": planned.measures,
        "passes": planned.passes,
        "window_s": planned.window_s,
    }
