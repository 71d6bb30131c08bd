"""``wsmigrate plan``: the way through all stages from here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from migrate_cli.cutover.checklists import checklist_of
from migrate_cli.cutover.conduct import load_state
from migrate_cli.cutover.gates_shown import record_of_planned
from migrate_cli.cutover.options import site_options
from migrate_cli.cutover.ports import Gates
from migrate_cli.cutover.view import record_of_step
from migrate_cli.wiring import operation
from wsmigrate.climbing import way_up
from wsmigrate.stages import State


@click.command()
@site_options
@click.option(
    "--checklist",
    "as_checklist",
    is_flag=True,
    help="The runbook for this project, in Markdown: what to do, watch and be ready to take back.",
)
def plan(config_file: Path | None, settings: str | None, as_json: bool, as_checklist: bool) -> int:
    """Print every step that is left, and what each would do. Changes nothing."""
    with operation(config_file, settings) as site:
        state = load_state(site)
        if as_checklist:
            lines = checklist_of(site, state, config_file, settings)
            click.echo(json.dumps({"checklist": lines}) if as_json else "\n".join(lines))
            return 0
        steps = _steps(state, site.gates)
    if as_json:
        click.echo(json.dumps({"rung": state.rung.name, "steps": steps}, ensure_ascii=False))
        return 0
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"The cutover stands at {state.where}.", markup=False)
    for step in steps:
        console.print(f"\n{step['rung']}", markup=False, style="bold")
        names = ", ".join(gate["gate"] for gate in step["gates"]) or "none is set"
        console.print(f"  gates: {names}", markup=False)
        for command in step["commands"]:
            console.print(f"  {command['what']}", markup=False)
    if not steps:
        console.print("Nothing is left to do.")
    else:
        console.print("\nWhat each gate measures, and when it passes: wsmigrate gates --list")
    return 0


def _steps(state: State, gates: Gates) -> list[dict[str, Any]]:
    return [
        {
            "rung": one.rung.name,
            "stage": one.rung.stage.value,
            "gates": list(map(record_of_planned, gates.planned(one.begins, one.rung))),
            "commands": [record_of_step(command) for command in one.commands],
        }
        for one in way_up(state)
    ]
