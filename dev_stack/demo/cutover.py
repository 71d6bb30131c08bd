"""The second half of a demo: a short rehearsal of the whole cutover, on the stack that is up."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from dev_stack.demo.plan import DemoOptions
from dev_stack.rehearsal.figures import Figures
from dev_stack.rehearsal.load import Load, usual_load
from dev_stack.rehearsal.report import Report
from dev_stack.rehearsal.scenario import Limits, Scenario
from dev_stack.rehearsal.session import SessionOptions, rehearse_on
from dev_stack.rehearsal.step_figures import WRONG
from dev_stack.stack import Stack
from wsmigrate.gates.built_in import ALL_GATES

WORKERS: Final = 2
"""Processes of the old server: its sockets are closed worker by worker."""

_MESSAGES_A_SECOND = 20.0
_LIMITS = Limits(gaps_per_step=3, longest_gap_s=60.0, under_way_s=5.0)
"""Who shows it to others does not want to be let down by a machine that is busy."""


def short_load(demo: DemoOptions) -> Load:
    """As many rooms and clients as the demo has. Gates are left to `wsmigrate rehearse`: they
    measure for some seconds before each step."""
    return usual_load(
        demo.rooms,
        demo.clients,
        _MESSAGES_A_SECOND,
        publishers=1,
        percentages=(50,),
        rollbacks="none",
        late_clients=2 * demo.rooms,
        dwell_s=1.0,
        workers=WORKERS,
        gates_off=tuple(gate.name for gate in ALL_GATES),
    )


def short_cutover(stack: Stack, demo: DemoOptions, console: Console, logs: Path) -> Figures:
    """Take the stack, whose clients have left, through all stages and back."""
    stack.front_door.set_share(0)
    report = Report(console)
    options = SessionOptions(short_load(demo), Scenario(limits=_LIMITS))
    folder = Path(tempfile.mkdtemp(prefix="cutover-", dir=logs))
    _, figures = rehearse_on(stack, options, report, folder)
    report.figures(figures)
    return figures


def with_cutover(demo: dict[str, Any], cutover: Figures) -> dict[str, Any]:
    """The demo's figures with those of the cutover: its gaps and stages, and what went wrong in
    it counted with the rest."""
    found = cutover.as_json()
    wrong = {name: demo[name] + found[name] for name in WRONG}
    more = ("gaps", "in_gaps", "stages", "switches", "held", "why_not")
    return {**demo, **wrong, **{name: found[name] for name in more}}
