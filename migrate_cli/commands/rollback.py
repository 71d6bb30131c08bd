"""``wsmigrate rollback``: back to an earlier stage."""

from __future__ import annotations

from pathlib import Path

import click

from migrate_cli.cutover import conduct
from migrate_cli.cutover.options import carry_out, step_options
from wsmigrate.errors import RefusedError
from wsmigrate.rungs import Rung, rung_named
from wsmigrate.stages import Event, Rollback, State


@click.command()
@step_options
@click.option("--to", metavar="STAGE", help="Which stage, or step of it (default: the one before).")
def rollback(  # noqa: PLR0917
    config_file: Path | None,
    settings: str | None,
    as_json: bool,
    execute: bool,
    why: str,
    to: str | None,
) -> int:
    """Go back, from anywhere to any earlier stage; in the middle of a step also to where it began.

    STAGE is a stage, as `shadow`, or a step of one, as `canary-5` or `direct-both`.
    """

    def event(state: State) -> Event:
        return Rollback(_target(state, to))

    order = conduct.Order("rollback", event, why, execute=execute)
    return carry_out(order, config_file, settings, as_json)


def _target(state: State, to: str | None) -> Rung:
    if to is not None and (state.goal is None or to not in {state.rung.name, state.rung.stage}):
        return rung_named(to, state.rungs, below=state.rung)
    if state.goal is not None:
        return state.rung
    earlier = [rung for rung in state.rungs if rung.is_below(state.rung)]
    if not earlier:
        raise RefusedError(
            f"There is nothing before {state.rung.name!r}.", then="Nothing was changed."
        )
    return earlier[-1]
