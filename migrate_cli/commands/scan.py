"""``wsmigrate scan``: what has to change in a project that runs the old stack."""

from __future__ import annotations

import json
from pathlib import Path

import click

from migrate_cli.commands.convert_options import (
    chosen_rules,
    read_project,
    rule_options,
    say,
    without_collector,
)
from migrate_cli.convert.engine import scan as run_rules
from migrate_cli.convert.registry import Phase
from migrate_cli.convert.report import as_json, listed


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@rule_options
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
@click.option("--no-prefilter", is_flag=True, help="Parse every module (slower, same result).")
def scan(
    path: Path,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    python: str | None,
    *,
    json_wanted: bool,
    no_prefilter: bool,
) -> None:
    """List what has to change in the Django project in PATH, with file, line, reason, and how safe
    it is to do by machine. Writes nothing; exit code 0 whatever is found."""
    rules = chosen_rules(Phase.CUTOVER, only, skip)
    with without_collector():
        conversion = run_rules(read_project(path, python, prefilter=not no_prefilter), rules)
    if json_wanted:
        click.echo(json.dumps(as_json(conversion), indent=2))
        return
    for line in listed(conversion):
        say(line)
