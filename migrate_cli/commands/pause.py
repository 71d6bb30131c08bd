"""``wsmigrate pause``: begin nothing until resumed."""

from __future__ import annotations

from pathlib import Path

import click

from migrate_cli.cutover.conduct import Order
from migrate_cli.cutover.options import step_options
from migrate_cli.cutover.wishes import order_or_wish
from wsmigrate.stages import Pause


@click.command()
@step_options
def pause(
    config_file: Path | None, settings: str | None, as_json: bool, execute: bool, why: str
) -> int:
    """Begin no further command until `wsmigrate resume`. Of an operator who is at work it is asked:
    the command that runs is finished first."""
    order = Order("pause", lambda _state: Pause(), why, execute=execute)
    return order_or_wish("pause", order, config_file, settings, as_json)
