"""``wsmigrate history``: the audit log."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
from rich.console import Console

from migrate_cli.cutover.options import site_options
from migrate_cli.cutover.view import history_table, record_of_entry
from migrate_cli.wiring import operation

_WIDE = 200


@click.command()
@site_options
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Lines.")
def history(config_file: Path | None, settings: str | None, as_json: bool, limit: int) -> int:
    """Show what was done, by whom, when and why; the newest last."""
    with operation(config_file, settings) as site:
        entries = site.store.history(limit)
    if as_json:
        click.echo(json.dumps([record_of_entry(entry) for entry in entries], ensure_ascii=False))
    elif entries:
        _console().print(history_table(entries))
    else:
        click.echo("Nothing was done yet.")
    return 0


def _console() -> Console:
    """What goes into a file or a pipe is to be read line by line."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDE
    return console
