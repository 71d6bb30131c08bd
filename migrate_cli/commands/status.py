"""``wsmigrate status``: where the cutover stands."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from migrate_cli.cutover.conduct import load_state, next_rung
from migrate_cli.cutover.gates_shown import gates_table
from migrate_cli.cutover.options import site_options
from migrate_cli.cutover.ports import PlannedGate
from migrate_cli.cutover.view import process_table, record_of_status, run_lines, where_lines
from migrate_cli.wiring import Operation, operation
from wsmigrate.errors import UnavailableError
from wsmigrate.gates import GateResult
from wsmigrate.run_place import place_of_record
from wsmigrate.stages import State

_SHOWN_FOR_S = 60.0


@click.command()
@site_options
@click.option(
    "--watch",
    is_flag=True,
    help="Show it anew each second, until Ctrl-C, also while PostgreSQL is away.",
)
def status(config_file: Path | None, settings: str | None, as_json: bool, watch: bool) -> int:
    """Show stage, notify backend, who is at work, and every process that follows the state."""
    console = Console(highlight=False, soft_wrap=True)
    with operation(config_file, settings) as site:
        if as_json:
            click.echo(json.dumps(_record(site), ensure_ascii=False))
            while watch:
                time.sleep(1)
                click.echo(json.dumps(_record_or_why_not(site), ensure_ascii=False))
        elif not watch:
            console.print(_shown(site))
        else:
            with Live(_shown(site), console=console, auto_refresh=False) as live:
                while True:
                    time.sleep(1)
                    live.update(_shown_or_why_not(site), refresh=True)
    return 0


def _record_or_why_not(site: Operation) -> dict[str, Any]:
    """Who watches wants to see how it comes back, too."""
    try:
        return _record(site)
    except UnavailableError as error:
        return {"unavailable": str(error)}


def _shown_or_why_not(site: Operation) -> Group:
    try:
        return _shown(site)
    except UnavailableError as error:
        return Group(Text(str(error)))


def _record(site: Operation) -> dict[str, Any]:
    stored = site.store.load()
    processes = site.store.processes(heard_within_s=_SHOWN_FOR_S)
    state = load_state(site)
    place = place_of_record(site.store.run_record())
    record = record_of_status(state, stored, processes, site.store.holder(), place)
    return {**record, "gates": [_gate_record(gate, result) for gate, result in _gates(site, state)]}


def _shown(site: Operation) -> Group:
    stored = site.store.load()
    processes = site.store.processes(heard_within_s=_SHOWN_FOR_S)
    state, holder = load_state(site), site.store.holder()
    lines = where_lines(state, stored, holder)
    place = place_of_record(site.store.run_record())
    if place is not None:
        lines += run_lines(place, holder)
    shown: list[Any] = [Text("\n".join(lines))]
    if processes:
        shown += [Text(), process_table(processes, stored.site)]
    else:
        shown.append(Text("processes       none that follows the state was heard of lately"))
    shown += [Text(), _gates_shown(site, state)]
    return Group(*shown)


def _gates(site: Operation, state: State) -> list[tuple[PlannedGate, GateResult | None]]:
    """The gates of the next step; the outcome of those that can be told at once."""
    goal = next_rung(state)
    if goal is None:
        return []
    found = {result.gate: result for result in site.gates.judge_at_once(state.rung, goal)}
    return [(gate, found.get(gate.gate)) for gate in site.gates.planned(state.rung, goal)]


def _gate_record(gate: PlannedGate, result: GateResult | None) -> dict[str, Any]:
    """``outcome`` is null for one that takes a window of time."""
    if result is not None:
        return result.as_record()
    return {"gate": gate.gate, "outcome": None, "why": "see `wsmigrate gates`", "figures": {}}


def _gates_shown(site: Operation, state: State) -> Group:
    gates = _gates(site, state)
    results = [result for _, result in gates if result is not None]
    others = [gate.gate for gate, result in gates if result is None]
    shown: list[Any] = [gates_table(results)] if results else []
    if others:
        shown.append(Text(f"asked by `wsmigrate gates`: {', '.join(others)}"))
    return Group(*shown)
