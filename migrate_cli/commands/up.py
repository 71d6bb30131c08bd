"""``wsmigrate up``: the whole stack on this machine, in the foreground."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from dev_stack.endpoints import Endpoints
from dev_stack.services.given import shown_url
from dev_stack.stack import Stack, StackOptions
from dev_stack.supervisor import StoppedError, StopRequest

_PORT = click.IntRange(0, 65535)


@click.command()
@click.option(
    "--endpoints",
    "endpoints_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write where everything is reached to this JSON file, once all is ready.",
)
@click.option("--http-port", type=_PORT, default=0, help="Port of the site (default: a free one).")
@click.option("--front-port", type=_PORT, default=0, help="Port of the front door.")
@click.option("--legacy-port", type=_PORT, default=0, help="Port of the old server.")
@click.option("--channels-port", type=_PORT, default=0, help="Port of the new server.")
@click.option("--amqp-url", help="Use this RabbitMQ instead of starting one.")
@click.option("--postgres-dsn", help="Use this PostgreSQL database instead of starting one.")
@click.option(
    "--logs",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    help="Keep the logs in this folder (default: a temporary one, removed at the end).",
)
def up(**options: Any) -> None:
    """Run both servers, the bridge, the sample site and their services, until Ctrl-C.

    What is not given is started on free ports of this machine and ends with this command, whose
    exit code is then 0. A second Ctrl-C does not wait for an orderly end.
    """
    stack = Stack(StackOptions(**options))
    with _stopped_by_signals(stack.stop_request), stack:
        try:
            _introduce(stack.start(_say))
            stack.run_until_stopped()
        except StoppedError:
            _say("stopped before it was ready")
        _say("stopping everything")
    _say("stopped")


@contextmanager
def _stopped_by_signals(request: StopRequest) -> Iterator[None]:
    """Ctrl-C, a service manager's SIGTERM and a closed terminal all mean an orderly stop."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: request.make()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(sentence: str) -> None:
    click.echo(f"wsmigrate: {sentence}")


def _introduce(endpoints: Endpoints) -> None:
    rows = {
        "chat page": f"{endpoints.http_url}/",
        "front door": endpoints.front_ws_url,
        "old server": endpoints.legacy_ws_url,
        "new server": endpoints.channels_ws_url,
        "RabbitMQ": shown_url(endpoints.amqp_url),
        "PostgreSQL": shown_url(endpoints.postgres_dsn),
    }
    rows |= {f"log of {name}": path for name, path in endpoints.logs.items()}
    click.echo("\n".join(["", *(f"  {name:<16} {where}" for name, where in rows.items()), ""]))
    click.echo(f"Point a browser at {endpoints.http_url}/ - Ctrl-C stops everything.")
