"""Options that the cutover's commands share, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from migrate_cli.cutover.conduct import Conducted, Order, conduct
from migrate_cli.wiring import CONFIG_FILE, operation

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def site_options(command: Decorated) -> Decorated:
    """Which project: ``config_file`` and ``settings``; and ``as_json``."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--settings", help="Django settings module (default: as the file says)."),
        click.option(
            "--config",
            "config_file",
            type=click.Path(dir_okay=False, path_type=Path),
            help=f"Where the cutover is described (default: {CONFIG_FILE}, if it is there).",
        ),
    ):
        command = option(command)
    return command


def step_options(command: Decorated) -> Decorated:
    """``execute`` and ``why``, beside those of ``site_options``."""
    for option in (
        click.option("--why", default="", help="A reason, for the audit log."),
        click.option("--execute", is_flag=True, help="Do it (default: say what would be done)."),
    ):
        command = option(command)
    return site_options(command)


def carry_out(order: Order, config_file: Path | None, settings: str | None, as_json: bool) -> int:
    """Conduct an order and show it; the exit code. Raises what ``conduct`` raises."""
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    with operation(config_file, settings) as site:
        conducted = conduct(site, order, lambda line: console.print(line, markup=False))
    if as_json:
        click.echo(json.dumps(_record(conducted), ensure_ascii=False))
        return 0
    if not conducted.executed:
        console.print(f"{_dry(conducted)} Dry run: nothing was changed. Add --execute to do it.")
    else:
        paused = " (paused)" if conducted.after.paused else ""
        console.print(f"Stage: {conducted.after.where}{paused}", markup=False)
    return 0


def _dry(conducted: Conducted) -> str:
    """What a dry run comes to, beside the commands that were shown."""
    after = conducted.after
    if after.paused != conducted.before.paused:
        return "The cutover would be paused." if after.paused else "It would go on."
    if conducted.steps or after != conducted.before:
        return f"Stage: it would be {after.goal.name if after.goal else after.rung.name}."
    return "Nothing would be done."


def _record(conducted: Conducted) -> dict[str, Any]:
    return {
        "from": conducted.before.rung.name,
        "rung": conducted.after.rung.name,
        "stage": conducted.after.rung.stage.value,
        "goal": None if conducted.after.goal is None else conducted.after.goal.name,
        "paused": conducted.after.paused,
        "commands": conducted.steps,
        "gates": [result.as_record() for result in conducted.gates],
        "executed": conducted.executed,
    }
