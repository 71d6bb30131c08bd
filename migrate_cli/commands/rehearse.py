"""``wsmigrate rehearse``: a whole cutover on the local stack, under load, with faults."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from dev_stack.rehearsal.load import load_of_file, load_of_recording, usual_load
from dev_stack.rehearsal.scenario import Scenario, scenario_named, shipped
from dev_stack.rehearsal.session import SessionOptions, run_session

_FILE = click.Path(dir_okay=False, path_type=Path)
_TIMELINE = Path("wsmigrate-rehearsal.html")


@click.command()
@click.option("--load", "load_file", type=_FILE, help="The load, a TOML file (docs/rehearse.md).")
@click.option(
    "--recording", type=_FILE, help="A recording of `wsmigrate parity record`, as the load."
)
@click.option(
    "--scenario",
    metavar="NAME|FILE",
    help="What goes wrong: a TOML file, or one that comes with wsmigrate (--scenarios lists them).",
)
@click.option("--scenarios", is_flag=True, help="List the scenarios that come with wsmigrate.")
@click.option(
    "--json",
    "figures_file",
    type=click.Path(path_type=Path),
    help="Write the figures to this file.",
)
@click.option(
    "--timeline",
    type=click.Path(path_type=Path),
    default=_TIMELINE,
    show_default=True,
    help="Draw it: .html (with the ledger) or .png.",
)
@click.option(
    "--ledger",
    type=click.Path(path_type=Path),
    help="Write what became of each client's frames in each step, a line of JSON each.",
)
@click.option(
    "--logs",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    help="Keep the logs of all parts in this folder.",
)
def rehearse(  # noqa: PLR0917
    load_file: Path | None,
    recording: Path | None,
    scenario: str | None,
    scenarios: bool,
    figures_file: Path | None,
    timeline: Path,
    ledger: Path | None,
    logs: Path | None,
) -> int:
    """Rehearse the whole cutover on this machine: old server, new server, bridge, front door and a
    publisher, moved by the commands that an operator uses, while clients listen.

    Without options: 500 clients in 100 rooms at 200 messages a second, through all stages and one
    rollback from each. Exit code 0 only if all held: no frame lost, doubled, out of order or
    different for any client while it was connected, one short gap for each client and step at most;
    1 otherwise; 2 when it could not be run.
    """
    if scenarios:
        for name in shipped():
            click.echo(f"{name:<28} {scenario_named(name).name}")
        return 0
    if load_file is not None and recording is not None:
        raise click.UsageError("--load and --recording are two loads; give one.")
    load = usual_load() if load_file is None else load_of_file(load_file)
    if recording is not None:
        load = load_of_recording(recording)
    what_goes_wrong = Scenario() if scenario is None else scenario_named(scenario)
    options = SessionOptions(load, what_goes_wrong, figures_file, timeline, ledger, logs)
    return int(run_session(options, Console()))
