"""``wsmigrate gates``: what the gates say now."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from migrate_cli.cutover.conduct import load_state, next_rung
from migrate_cli.cutover.gates_shown import asking_line, gates_table, record_of_planned
from migrate_cli.cutover.options import site_options
from migrate_cli.wiring import operation
from wsmigrate.errors import RefusedError
from wsmigrate.gates import judgement_of


@click.command()
@site_options
@click.option("--list", "only_list", is_flag=True, help="Say which there are, and measure nothing.")
def gates(config_file: Path | None, settings: str | None, as_json: bool, only_list: bool) -> int:
    """Ask the gates of the next step, as `advance` would. Nothing of the cutover is changed.

    Exit code 0 if all pass, 1 if one fails, 2 if one does not know.
    """
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    with operation(config_file, settings) as site:
        state = load_state(site)
        goal = next_rung(state)
        if goal is None:
            raise RefusedError(f"{state.rung.name!r} is the last stage, so there is no next step.")
        planned = site.gates.planned(state.rung, goal)
        step = {"from": state.rung.name, "to": goal.name}
        if only_list:
            if as_json:
                click.echo(json.dumps({**step, "gates": list(map(record_of_planned, planned))}))
            for one in [] if as_json else planned:
                console.print(f"{one.gate}: {one.measures}", markup=False, style="bold")
                console.print(f"  passes with {one.passes}", markup=False)
            return 0
        console.print(asking_line(state.rung, goal, planned), markup=False)
        judgement = judgement_of(site.gates.judge(state.rung, goal))
    if as_json:
        results = [result.as_record() for result in judgement.results]
        record = {**step, "outcome": judgement.outcome.value, "gates": results}
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        console.print(gates_table(judgement.results))
        console.print(f"Together: {judgement.outcome.value}", style="bold")
    return int(judgement.exit_code)
