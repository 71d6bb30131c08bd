"""``wsmigrate demo``: both servers side by side, and what their clients got."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from dev_stack.demo.plan import DemoOptions, Sabotage
from dev_stack.demo.session import SessionOptions, run_session


@click.command()
@click.option("--messages", default=DemoOptions.messages, show_default=True, help="Posts in all.")
@click.option(
    "--clients", default=DemoOptions.clients, show_default=True, help="Clients on each server."
)
@click.option("--rooms", default=DemoOptions.rooms, show_default=True, help="Rooms to talk in.")
@click.option("--seed", default=DemoOptions.seed, show_default=True, help="Of what is said.")
@click.option(
    "--sabotage",
    type=click.Choice([kind.value for kind in Sabotage]),
    help="Break the relay on purpose. Must end with exit code 1.",
)
@click.option(
    "--json",
    "figures_file",
    type=click.Path(path_type=Path),
    help="Write the figures to this file.",
)
@click.option("--keep", is_flag=True, help="Leave it running afterwards, for a look by browser.")
def demo(  # noqa: PLR0917
    messages: int,
    clients: int,
    rooms: int,
    seed: int,
    sabotage: str | None,
    figures_file: Path | None,
    keep: bool,
) -> int:
    """Run the old and the new server side by side and compare what their clients get.

    Clients of both servers listen while messages are posted over the sample site's REST API and the
    front door moves from one server to the other. Exit code 0 only when every client got every
    frame exactly once, in order, the same bytes on both servers; 1 otherwise; 2 when it could not
    be run.
    """
    kind = None if sabotage is None else Sabotage(sabotage)
    options = SessionOptions(
        DemoOptions(messages, clients, rooms, seed, kind), figures_file=figures_file, keep=keep
    )
    return int(run_session(options, Console()))
