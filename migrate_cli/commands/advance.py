"""``wsmigrate advance``: the next step of the cutover."""

from __future__ import annotations

from pathlib import Path

import click

from migrate_cli.cutover import conduct
from migrate_cli.cutover.options import carry_out, step_options


@click.command()
@step_options
@click.option(
    "--accept-inconclusive",
    metavar="REASON",
    default="",
    help="Go on although gates do not know; the reason is kept in the audit log.",
)
def advance(  # noqa: PLR0917
    config_file: Path | None,
    settings: str | None,
    as_json: bool,
    execute: bool,
    why: str,
    accept_inconclusive: str,
) -> int:
    """Go one step up, if the gates let it pass; a step up that was cut off is gone on with.

    Exit code 1 if a gate fails, 2 if one does not know, 3 if a command failed and everything was
    undone.
    """
    order = conduct.Order("advance", conduct.advance, why, accept_inconclusive, execute)
    return carry_out(order, config_file, settings, as_json)
