"""``wsmigrate abort``: give up the step, or the plan, that is under way."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import click

from migrate_cli.cutover.conduct import Order, load_state
from migrate_cli.cutover.lock import LockedError
from migrate_cli.cutover.options import step_options
from migrate_cli.cutover.run_orders import give_up_run, unfinished
from migrate_cli.cutover.wishes import order_or_wish
from migrate_cli.wiring import operation
from wsmigrate.stages import Abort


@click.command()
@step_options
def abort(
    config_file: Path | None, settings: str | None, as_json: bool, execute: bool, why: str
) -> int:
    """Give up the step up that is under way, and undo what it did; and the plan, if one is
    followed. A rung that was reached stays. Of an operator who is at work it is asked."""
    order = Order("abort", lambda _state: Abort(), why, execute=execute)
    with operation(config_file, settings) as site, contextlib.suppress(LockedError):
        place = unfinished(site)
        if place is not None and load_state(site).is_at_rest:
            if execute:
                give_up_run(site, why)
            done = "was given up" if execute else "would be given up. Dry run: add --execute"
            where = f"The plan in {place.plan.position(place.index)}, {place.step.to}"
            click.echo(json.dumps({"plan": done}) if as_json else f"{where}, {done}.")
            return 0
    return order_or_wish("abort", order, config_file, settings, as_json)
