"""``wsmigrate parity watch``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from compat_tests.capture.gathering_loop import gathering_loop
from compat_tests.capture.request import Target
from compat_tests.config import headers_of, own_rules, tls_context
from compat_tests.running.options import Server
from compat_tests.watching import WatchOptions, watch
from migrate_cli.commands.parity.options import ABOVE_0, with_ca, with_rules
from wsmigrate.errors import ConfigError


@click.command("watch")
@click.argument("rooms", nargs=-1)
@click.option(
    "--rooms-file", type=click.File(encoding="utf-8"), help="One room a line; - is stdin."
)
@click.option("--channels", required=True, help="URL of the new server, joined as clients do.")
@click.option("--amqp", metavar="AMQP_URL", help="The old side: a queue on each room's exchange.")
@click.option(
    "--legacy-sockets",
    metavar="URL",
    help="Join the old server instead. One that runs as published may be wedged when we leave.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the rooms.",
)
@click.option("--for", "seconds", type=ABOVE_0, help="Seconds (default: until Ctrl-C).")
@click.option(
    "--window",
    "window_s",
    type=ABOVE_0,
    default=5.0,
    show_default=True,
    help="Seconds that one side waits for the other.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a second.")
@with_rules
@click.option("--header", "headers", multiple=True, help="'Name: value' for the handshakes.")
@with_ca
def watch_rooms(
    *,
    rooms: tuple[str, ...],
    rooms_file: Any,
    channels: str,
    amqp: str | None,
    legacy_sockets: str | None,
    sample: float,
    seconds: float | None,
    window_s: float,
    as_json: bool,
    rules: Path | None,
    headers: tuple[str, ...],
    ca: Path | None,
) -> int:
    """Compare both sides on live ROOMS. Nothing is published.

    Exit code 0: all matched; 1: something differed; 2: it could not be run, or nothing came.
    """
    if (amqp is None) == (legacy_sockets is None):
        raise ConfigError("Say what the old side is: either --amqp or --legacy-sockets.")
    listed = [] if rooms_file is None else [line.strip() for line in rooms_file if line.strip()]
    common = headers_of(headers), tls_context(ca)
    options = WatchOptions(
        [*rooms, *listed],
        Server(Target.of(channels), *common),
        amqp,
        None if legacy_sockets is None else Server(Target.of(legacy_sockets), *common),
        sample,
        seconds,
        window_s,
        as_json=as_json,
        rules=own_rules(rules),
    )
    with asyncio.Runner(loop_factory=gathering_loop) as runner:
        return int(runner.run(watch(options, click.echo)))
