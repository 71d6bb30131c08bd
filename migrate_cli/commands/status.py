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

from migrate_cli.cutover.conduct import load_state
from migrate_cli.cutover.options import site_options
from migrate_cli.cutover.view import process_table, record_of_status, run_lines, where_lines
from migrate_cli.wiring import Operation, operation
from wsmigrate.run_place import place_of_record

_SHOWN_FOR_S = 60.0


@click.command()
@site_options
@click.option("--watch", is_flag=True, help="Show it anew each second, until Ctrl-C.")
def status(config_file: Path | None, settings: str | None, as_json: bool, watch: bool) -> int:
    """Show stage, notify backend, who is at work, and every process that follows the state."""
    console = Console(highlight=False, soft_wrap=True)
    with operation(config_file, settings) as site:
        if as_json:
            click.echo(json.dumps(_record(site), ensure_ascii=False))
            while watch:
                time.sleep(1)
                click.echo(json.dumps(_record(site), ensure_ascii=False))
        elif not watch:
            console.print(_shown(site))
        else:
            with Live(_shown(site), console=console, auto_refresh=False) as live:
                while True:
                    time.sleep(1)
                    live.update(_shown(site), refresh=True)
    return 0


def _record(site: Operation) -> dict[str, Any]:
    stored = site.store.load()
    processes = site.store.processes(heard_within_s=_SHOWN_FOR_S)
    place = place_of_record(site.store.run_record())
    return record_of_status(load_state(site), stored, processes, site.store.holder(), place)


def _shown(site: Operation) -> Group:
    stored = site.store.load()
    processes = site.store.processes(heard_within_s=_SHOWN_FOR_S)
    holder = site.store.holder()
    lines = where_lines(load_state(site), stored, holder)
    place = place_of_record(site.store.run_record())
    if place is not None:
        lines += run_lines(place, holder)
    shown: list[Any] = [Text("\n".join(lines))]
    if processes:
        shown += [Text(), process_table(processes, stored.site)]
    else:
        shown.append(Text("processes       none that follows the state was heard of lately"))
    return Group(*shown)
