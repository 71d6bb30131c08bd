"""``wsmigrate notify show|set``: where notify() publishes."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from migrate_cli.cutover.conduct import Order
from migrate_cli.cutover.options import carry_out, site_options, step_options
from migrate_cli.cutover.view import counts_of, process_table, record_of_process
from migrate_cli.wiring import operation
from wsmigrate.config import NotifyBackend
from wsmigrate.stages import Switch

_SHOWN_FOR_S = 60.0


@click.group()
def notify() -> None:
    """Show and switch the backend that notify() publishes to."""


@notify.command()
@site_options
def show(config_file: Path | None, settings: str | None, as_json: bool) -> int:
    """Show the backend, and every process that publishes with the revision that it applies."""
    with operation(config_file, settings) as site:
        state = site.store.load().site
        processes = site.store.processes(heard_within_s=_SHOWN_FOR_S)
    if as_json:
        record = {
            "notify_backend": state.backend.value,
            "revision": state.revision,
            "barrier_out": state.barrier_out,
            "processes": [record_of_process(process, state) for process in processes],
            "counts": counts_of(processes),
        }
        click.echo(json.dumps(record, ensure_ascii=False))
        return 0
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"notify() publishes to {state.backend.value} (revision {state.revision})")
    if processes:
        console.print(process_table(processes, state))
    else:
        console.print("No process that follows the state was heard of in the last minute.")
    return 0


@notify.command(name="set")
@click.argument("backend", type=click.Choice([backend.value for backend in NotifyBackend]))
@step_options
@click.option(
    "--old-clients-get-nothing",
    is_flag=True,
    help="Allow `channels` although the old server may have clients.",
)
def set_backend(  # noqa: PLR0917
    backend: str,
    config_file: Path | None,
    settings: str | None,
    as_json: bool,
    execute: bool,
    why: str,
    old_clients_get_nothing: bool,
) -> int:
    """Switch the backend alone, by one step: rabbitmq, both, channels; and wait until every live
    process applies it. In the stages `drain` and `direct` this is a step of the cutover."""
    switch = Switch(NotifyBackend(backend), old_clients_get_nothing)
    order = Order(f"notify set {backend}", lambda _state: switch, why, execute=execute)
    return carry_out(order, config_file, settings, as_json)
