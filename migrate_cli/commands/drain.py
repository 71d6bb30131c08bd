"""``wsmigrate drain``: the open sockets of one server move to the other, at a pace."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from migrate_cli.commands.route import DEFAULT_CONFIG, chosen_table, door_options
from migrate_cli.drain import texts
from migrate_cli.drain.broker import QUEUES_COMMAND, count_legacy_queues
from migrate_cli.drain.mover import SocketMover, drain_of, left_open
from migrate_cli.drain.settings import BY_DOOR, BY_WORKERS, DrainSettings, drain_settings_of
from migrate_cli.routers.settings import cutover_document, front_door_of
from wsmigrate.errors import ConfigError
from wsmigrate.sides import Side

_PATH = click.Path(dir_okay=False, path_type=Path)
_ABOVE_0 = click.FloatRange(min=0, min_open=True)
_USUAL = DrainSettings()


@click.command()
@click.argument("server", type=click.Choice([side.value for side in Side]))
@door_options
@click.option(
    "--by",
    type=click.Choice([BY_DOOR, BY_WORKERS]),
    help="door: socket by socket, at the front door. workers: by ending uWSGI's workers "
    "(default for legacy: the published server does not survive a client that leaves).",
)
@click.option("--uwsgi-pid", type=_PATH, help="With workers: the pid file of uWSGI's master.")
@click.option("--legacy-port", type=click.IntRange(1, 65535), help="[default: 8081]")
@click.option("--spread", is_flag=True, help="With workers: close a worker's sockets one by one.")
@click.option("--per-second", type=_ABOVE_0, help=f"Sockets. [default: {_USUAL.per_second:g}]")
@click.option(
    "--in-flight",
    type=click.IntRange(min=1),
    help=f"On their way back at a time. [default: {_USUAL.in_flight}]",
)
@click.option(
    "--back-within",
    "back_within_s",
    type=_ABOVE_0,
    help=f"Seconds that a client is waited for. [default: {_USUAL.back_within_s:g}]",
)
@click.option("--errors-stop", type=click.FloatRange(0, 1), help="See docs/drain.md.")
@click.option("--latency-stop-ms", type=_ABOVE_0, help="See docs/drain.md.")
@click.option(
    "--patience",
    "patience_s",
    type=_ABOVE_0,
    help=f"Seconds that it may be stopped for. [default: {_USUAL.patience_s:g}]",
)
@click.option("--within", "within_s", type=_ABOVE_0, help="Seconds in all. [default: 3600]")
@click.option("--admin-url", help="The new server's --admin, to watch its metrics too.")
@click.option(
    "--amqp-url",
    help="Count the frames in the gaps (default: WSMIGRATE_AMQP_URL).",
)
@click.option(
    "--queues-command",
    is_flag=False,
    flag_value=shlex.join(QUEUES_COMMAND),
    help="Count the legacy sockets by the broker's queues too, with this command.",
)
@click.option("--execute", is_flag=True, help="Do it. Without this nothing is closed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON at the end.")
def drain(*, server: str, url: str | None, execute: bool, as_json: bool, **given: Any) -> None:
    """Close the open sockets of SERVER so that their clients come back to the other one.

    The front door has to send new clients to the other one first (`wsmigrate route set`). With a
    share between 0 and 100 only the sockets of rooms that belong to the other one are closed (an
    HAProxy as wsmigrate renders it tells them apart). A dry run, unless --execute is given.

    Exit code 1 if sockets are left because the other server did not take it well; they stay open,
    and the command may be called again.
    """
    side = Side(server)
    which = {name: given.pop(name) for name in _WHICH}
    table = chosen_table(**which)
    router = front_door_of(table)
    words = given.pop("queues_command")
    given["queues_command"] = tuple(shlex.split(words)) if words else None
    given["spread"] = given["spread"] or None
    settings = drain_settings_of(_document(which), given)
    if side is Side.CHANNELS and given["by"] == BY_WORKERS:
        raise ConfigError(
            "The new server has no uWSGI workers.",
            remedy="Leave --by out, or end its processes with SIGTERM: they close their sockets at "
            "a pace of their own (docs/serve.md).",
        )
    closer = SocketMover(router, settings, url or table.get("url")).closer(side)
    say = _silent if as_json else click.echo
    before = _count_queues(settings)
    say(texts.plan(router, side, closer, settings, before))
    if not execute:
        say("A dry run: nothing was closed. Add --execute to do it.")
        return
    with _until_interrupted() as interrupted:
        outcome = replace(
            drain_of(router, side, closer, settings),
            report=lambda now: say(texts.progress(now)),
            should_stop=lambda: bool(interrupted),
        ).run()
    after = _count_queues(settings)
    if as_json:
        click.echo(json.dumps({**asdict(outcome), "queues_before": before, "queues_after": after}))
    say(texts.outcome(outcome, before, after))
    if outcome.left:
        raise left_open(outcome)


_WHICH = (
    *("config", "sockets", "backend", "legacy_server", "channels_server"),
    *("state_file", "haproxy_config"),
)


@contextlib.contextmanager
def _until_interrupted() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM end the drain in order, with its account; a second Ctrl-C at once."""
    received: list[int] = []

    def note(number: int, _frame: object) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _silent(_text: str) -> None:
    return


def _document(which: dict[str, Any]) -> Mapping[str, Any]:
    """The file in which [drain] may stand beside [front_door]."""
    path = which["config"] or DEFAULT_CONFIG
    return cutover_document(path) if which["config"] or path.exists() else {}


def _count_queues(settings: DrainSettings) -> int | None:
    command = settings.queues_command
    return count_legacy_queues(command) if command else None
