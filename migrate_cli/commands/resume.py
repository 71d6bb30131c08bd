"""``wsmigrate resume``: go on after a pause, or with a step that was cut off."""

from __future__ import annotations

from pathlib import Path

import click

from migrate_cli.cutover import conduct
from migrate_cli.cutover.options import carry_out, step_options


@click.command()
@step_options
def resume(
    config_file: Path | None, settings: str | None, as_json: bool, execute: bool, why: str
) -> int:
    """Go on after a pause, or with a step that was cut off."""
    order = conduct.Order("resume", conduct.resume, why, execute=execute)
    return carry_out(order, config_file, settings, as_json)
