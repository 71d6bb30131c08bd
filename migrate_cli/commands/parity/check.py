"""``wsmigrate parity check``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from compat_tests.cases import chosen_cases
from compat_tests.check import Files, run_check
from compat_tests.config import Given
from migrate_cli.commands.parity.options import ABOVE_0, FILE, with_ca, with_rules


@click.command()
@click.option("--legacy", required=True, help="ws:// or wss:// URL of the old server.")
@click.option("--channels", required=True, help="URL of the new server.")
@click.option("--publish", metavar="AMQP_URL", help="Publish to fanout exchanges of RabbitMQ.")
@click.option(
    "--publish-cmd",
    metavar="CMD",
    help="Publish by a command, run once a message: the payload is its standard input, {room} in "
    "its arguments and $WSMIGRATE_PARITY_ROOM are the room.",
)
@click.option(
    "--publish-http",
    metavar="URL",
    help="Publish by POST, the payload as the body; {room} in the URL is the room, else room= is "
    "added to the query.",
)
@click.option("--case", "names", multiple=True, help="Run this case or group only. Repeatable.")
@click.option(
    "--room",
    "rooms",
    multiple=True,
    help="Without a way to publish: listen to this room. Repeatable.",
)
@click.option("--header", "headers", multiple=True, help="'Name: value' for every handshake.")
@click.option("--legacy-header", "legacy_headers", multiple=True, help="For the old server only.")
@click.option("--channels-header", "channels_headers", multiple=True, help="For the new one only.")
@with_ca
@with_rules
@click.option("--json", "json_file", type=FILE, help="Write the report as JSON.")
@click.option("--junit", "junit_file", type=FILE, help="Write the report as JUnit XML.")
@click.option("--html", "html_file", type=FILE, help="Write the report as one HTML page.")
@click.option(
    "--patience",
    "patience_s",
    type=ABOVE_0,
    default=Given.patience_s,
    show_default=True,
    help="Seconds without any message until one is believed to be missing.",
)
@click.option(
    "--late-after",
    "late_after_s",
    type=ABOVE_0,
    default=Given.late_after_s,
    show_default=True,
    help="Seconds that a message may come later than on the other server.",
)
@click.option(
    "--side-by-side",
    type=click.IntRange(1, 50),
    default=Given.side_by_side,
    show_default=True,
    help="Cases at a time.",
)
@click.option(
    "--generated",
    type=click.IntRange(min=0),
    default=Given.generated,
    show_default=True,
    help="Examples that Hypothesis makes up.",
)
@click.option("--seed", type=int, default=Given.seed, show_default=True, help="Of the examples.")
@click.option("--notifs-3", metavar="PYTHON", help="A Python with django-notifs 3, for its case.")
@click.option("--notifs-4", metavar="PYTHON", help="A Python with django-notifs 4 (default: this).")
@click.option("--end-legacy-cmd", metavar="CMD", help="Restarts the old server, for one case.")
@click.option("--end-channels-cmd", metavar="CMD", help="Restarts the new server, for one case.")
def check(
    names: tuple[str, ...],
    rooms: tuple[str, ...],
    json_file: Path | None,
    junit_file: Path | None,
    html_file: Path | None,
    **given: Any,
) -> int:
    """Run the cases against two servers and compare what their clients get.

    Exit code 0: all matched; 1: something differs; 2: it could not be run, or there was no data.
    Clients join and leave both servers, which can wedge an old server as it was published: there
    use `watch`.
    """
    cases = chosen_cases(names)
    files = Files(json_file, junit_file, html_file)
    options = Given(**given)
    generated = options.generated > 0 and (not names or "generated" in names)
    running = run_check(
        options, cases, files, click.echo, generated=generated, rooms=rooms or ("parity",)
    )
    return int(asyncio.run(running))
