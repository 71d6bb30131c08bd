"""``wsmigrate abort``: give up the step that is under way."""

from __future__ import annotations

from pathlib import Path

import click

from migrate_cli.cutover.conduct import Order
from migrate_cli.cutover.options import step_options
from migrate_cli.cutover.wishes import order_or_wish
from wsmigrate.stages import Abort


@click.command()
@step_options
def abort(
    config_file: Path | None, settings: str | None, as_json: bool, execute: bool, why: str
) -> int:
    """Give up the step up that is under way, and undo what it did. Of an operator who is at work it
    is asked."""
    order = Order("abort", lambda _state: Abort(), why, execute=execute)
    return order_or_wish("abort", order, config_file, settings, as_json)
