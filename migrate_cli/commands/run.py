"""``wsmigrate run``: follows a plan by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from migrate_cli.cutover.conduct import load_state
from migrate_cli.cutover.options import step_options
from migrate_cli.cutover.run_orders import Begin, run_plan, steps_shown, unfinished
from migrate_cli.cutover.telling import Telling
from migrate_cli.cutover.view import record_of_step
from migrate_cli.routers.settings import read_document
from migrate_cli.wiring import Operation, operation
from wsmigrate.climbing import Climbed, way_up
from wsmigrate.command_texts import sentence_of
from wsmigrate.run_plan import RunPlan, duration, run_plan_of
from wsmigrate.stages import State


@click.command()
@step_options
@click.option(
    "--plan",
    "plan_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The plan, in TOML (docs/run.md).",
)
def run(  # noqa: PLR0917
    config_file: Path | None,
    settings: str | None,
    as_json: bool,
    execute: bool,
    why: str,
    plan_file: Path,
) -> int:
    """Follow a plan: step by step, with its hooks, gates and bake times.

    Where a step, a hook or a gate fails, it is rolled back (exit code 3). Where gates do not know,
    it pauses until `wsmigrate resume`. A terminal that is lost ends nothing; called again with the
    same plan after a kill it goes on where it was.
    """
    document = read_document(plan_file, remedy="Name the plan with --plan (docs/run.md).")
    with operation(config_file, settings) as site:
        plan = run_plan_of(document, site.cutover.rungs, str(plan_file))
        begin = Begin(plan, why)
        if not execute:
            begin.place(unfinished(site), load_state(site))
            _show(site, plan, as_json)
            return 0
        run_plan(site, begin, Telling(as_json))
    return 0


def _show(site: Operation, plan: RunPlan, as_json: bool) -> None:
    state = load_state(site)
    climbs = _climbs(plan, state)
    if as_json:
        steps = [
            {**step, "rungs": [_record_of(rung) for rung in climb]}
            for step, climb in zip(steps_shown(plan), climbs, strict=True)
        ]
        click.echo(json.dumps({"plan": plan.name, "steps": steps}, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"The cutover stands at {state.where}.", markup=False)
    for number, (step, climb) in enumerate(zip(plan.steps, climbs, strict=True), 1):
        console.print(f"\n{number}. {step.to}", markup=False, style="bold")
        if not climb:
            console.print("   is reached already", markup=False)
            continue
        _line(console, step.before and f"run {' '.join(step.before)}")
        for rung in climb:
            for command in rung.commands:
                _line(console, f"{rung.rung.name}: {sentence_of(command)}")
        _line(console, step.after and f"run {' '.join(step.after)}")
        _line(console, step.bake_s and f"watch it for {duration(step.bake_s)}")
        _line(console, f"if it fails: back to {step.rollback_to or climb[0].begins.name}")
    console.print("\nDry run: nothing was changed. Add --execute to do it.", markup=False)


def _climbs(plan: RunPlan, state: State) -> list[list[Climbed]]:
    """What each step of the plan climbs; nothing where its rung is reached already."""
    left, climbs = list(way_up(state)), []
    for step in plan.steps:
        names = [one.rung.name for one in left]
        count = names.index(step.to) + 1 if step.to in names else 0
        climbs.append(left[:count])
        left = left[count:]
    return climbs


def _record_of(climbed: Climbed) -> dict[str, Any]:
    return {
        "rung": climbed.rung.name,
        "commands": [record_of_step(command) for command in climbed.commands],
    }


def _line(console: Console, text: object) -> None:
    if text:
        console.print(f"   {text}", markup=False)
