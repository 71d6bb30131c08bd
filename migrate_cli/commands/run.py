"""``wsmigrate run``: follows a plan by itself."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from migrate_cli.cutover.conduct import load_state
from migrate_cli.cutover.options import step_options
from migrate_cli.cutover.run_orders import Begin, run_plan, steps_shown, unfinished
from migrate_cli.cutover.telling import Telling
from migrate_cli.routers.settings import read_document
from migrate_cli.wiring import Operation, operation
from wsmigrate.command_texts import sentence_of
from wsmigrate.run_plan import RunPlan, duration, run_plan_of
from wsmigrate.rungs import all_after
from wsmigrate.rungs import plan as commands_to


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
    document = read_document(plan_file)
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
    if as_json:
        click.echo(json.dumps({"plan": plan.name, "steps": steps_shown(plan)}, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    state = load_state(site)
    possible, rung = state.possible, state.rung
    console.print(f"The cutover stands at {state.where}.", markup=False)
    for number, step in enumerate(plan.steps, 1):
        console.print(f"\n{number}. {step.to}", markup=False, style="bold")
        goal = next(rung for rung in state.rungs if rung.name == step.to)
        if not rung.is_below(goal):
            console.print("   is reached already", markup=False)
            continue
        _line(console, step.before and f"run {' '.join(step.before)}")
        for command in commands_to(possible, goal):
            possible = all_after(possible, command)
            _line(console, sentence_of(command))
        _line(console, step.after and f"run {' '.join(step.after)}")
        _line(console, step.bake_s and f"watch it for {duration(step.bake_s)}")
        _line(console, f"if it fails: back to {step.rollback_to or rung.name}")
        rung = goal
    console.print("\nDry run: nothing was changed. Add --execute to do it.", markup=False)


def _line(console: Console, text: object) -> None:
    if text:
        console.print(f"   {text}", markup=False)
