"""``wsmigrate resume``: go on after a pause, or with a step or a plan that was cut off."""

from __future__ import annotations

import json
from pathlib import Path

import click

from migrate_cli.cutover import conduct
from migrate_cli.cutover.lock import LockedError, who
from migrate_cli.cutover.options import carry_out, step_options
from migrate_cli.cutover.records import Wish
from migrate_cli.cutover.run_orders import resume_run, unfinished
from migrate_cli.cutover.telling import Telling
from migrate_cli.cutover.view import record_of_run
from migrate_cli.cutover.wishes import tell_asked
from migrate_cli.wiring import operation
from wsmigrate.errors import RefusedError
from wsmigrate.run_place import Place


@click.command()
@step_options
@click.option(
    "--accept-inconclusive",
    metavar="REASON",
    default="",
    help="A plan that is paused takes its next step although gates do not know; the reason is kept "
    "in the audit log.",
)
def resume(  # noqa: PLR0917
    config_file: Path | None,
    settings: str | None,
    as_json: bool,
    execute: bool,
    why: str,
    accept_inconclusive: str,
) -> int:
    """Go on after a pause, or with a step or a plan that was cut off. Of an operator who is at work
    it is asked."""
    order = conduct.Order("resume", conduct.resume, why, execute=execute)
    try:
        with operation(config_file, settings) as site:
            cut_off = unfinished(site)
            if cut_off is not None and execute:
                resume_run(site, accept_inconclusive, why, Telling(as_json))
                return 0
        if cut_off is not None:
            _show_dry(cut_off, as_json)
            return 0
        if accept_inconclusive:
            raise RefusedError(
                "No plan is under way that could go on.",
                then="Nothing was changed.",
                remedy="To take one step: wsmigrate advance --accept-inconclusive.",
            )
        return carry_out(order, config_file, settings, as_json)
    except LockedError as locked:
        wish = "accept" if accept_inconclusive else "resume"
        with operation(config_file, settings) as site:
            if not site.store.wish(Wish(wish, who(), accept_inconclusive or why)):
                raise
        tell_asked(wish, locked, as_json)
        return 0


def _show_dry(cut_off: Place, as_json: bool) -> None:
    if as_json:
        record = {"run": record_of_run(cut_off, None), "executed": False}
        click.echo(json.dumps(record, ensure_ascii=False))
        return
    click.echo(
        f"would go on with the plan in {cut_off.plan.position(cut_off.index)}, "
        f"{cut_off.step.to}\nDry run: nothing was changed. Add --execute to do it."
    )
