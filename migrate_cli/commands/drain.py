"""``wsmigrate drain``: the open sockets of one server move to the other, at a pace."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from migrate_cli.commands.route import chosen_table, door_options
from migrate_cli.drain.broker import QUEUES_COMMAND, RoomListener, count_legacy_queues
from migrate_cli.drain.census import HaproxyCensus
from migrate_cli.drain.closers import Closer, DoorCloser
from migrate_cli.drain.run import Drain, Outcome, Progress
from migrate_cli.drain.watching import OtherServer
from migrate_cli.drain.workers import WorkerCloser, master_of
from migrate_cli.routers.doors import FrontDoor
from migrate_cli.routers.haproxy import HaproxyDoor
from migrate_cli.routers.port import NotOfferedError
from migrate_cli.routers.settings import front_door_of
from wsmigrate.amqp_url import checked_amqp_url
from wsmigrate.draining import Limits
from wsmigrate.errors import ConfigError, RefusedError
from wsmigrate.sides import Side

_PATH = click.Path(dir_okay=False, path_type=Path)
_ABOVE_0 = click.FloatRange(min=0, min_open=True)
_USUAL = Limits()


@click.command()
@click.argument("server", type=click.Choice([side.value for side in Side]))
@door_options
@click.option(
    "--by",
    type=click.Choice(["door", "workers"]),
    help="door: socket by socket, at the front door. workers: by ending uWSGI's workers "
    "(default for legacy: the published server does not survive a client that leaves).",
)
@click.option("--uwsgi-pid", type=_PATH, help="With workers: the pid file of uWSGI's master.")
@click.option("--legacy-port", type=click.IntRange(1, 65535), default=8081, show_default=True)
@click.option("--spread", is_flag=True, help="With workers: close a worker's sockets one by one.")
@click.option("--per-second", type=_ABOVE_0, default=_USUAL.per_second, show_default=True)
@click.option(
    "--in-flight", type=click.IntRange(min=1), default=_USUAL.in_flight, show_default=True
)
@click.option("--back-within", type=_ABOVE_0, default=_USUAL.back_within_s, show_default=True)
@click.option("--errors-stop", type=click.FloatRange(0, 1), default=_USUAL.errors_stop)
@click.option("--latency-stop-ms", type=_ABOVE_0, default=_USUAL.latency_stop_ms)
@click.option("--patience", type=_ABOVE_0, default=60.0, show_default=True)
@click.option("--within", type=_ABOVE_0, default=3600.0, show_default=True)
@click.option("--admin-url", help="The new server's --admin, to watch its metrics too.")
@click.option(
    "--amqp-url",
    envvar="WSMIGRATE_AMQP_URL",
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

    The front door has to send all new clients to the other one first (`wsmigrate route set`). A dry
    run, unless --execute is given. Exit code 1 if sockets are left because the other server did not
    take it well; they stay open, and the command may be called again.
    """
    del url
    side = Side(server)
    which = {name: given.pop(name) for name in _WHICH}
    router = front_door_of(chosen_table(**which))
    _check_share(router, side)
    closer = _closer(router, side, given)
    say = _silent if as_json else click.echo
    before = _count_queues(given["queues_command"])
    say(_plan(router, side, closer, given, before))
    if not execute:
        say("A dry run: nothing was closed. Add --execute to do it.")
        return
    with _until_interrupted() as interrupted:
        drainer = _drain(router, side, closer, given, lambda progress: say(_line(progress)))
        outcome = replace(drainer, should_stop=lambda: bool(interrupted)).run()
    after = _count_queues(given["queues_command"])
    if as_json:
        click.echo(json.dumps({**asdict(outcome), "queues_before": before, "queues_after": after}))
    say(_told(outcome, before, after))
    if outcome.left:
        raise RefusedError(
            f"{outcome.left} sockets of {side.value} are still open: "
            f"{outcome.given_up or 'new ones came meanwhile'}.",
            remedy="See to the other server, then call the command again; or set the share back.",
        )


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


def _check_share(router: FrontDoor, side: Side) -> None:
    wanted = 100 if side is Side.LEGACY else 0
    share = router.share()
    if share.percent != wanted:
        now = "differing shares" if share.percent is None else f"{share.percent:g} %"
        raise RefusedError(
            f"The front door has {now}, so clients of {side.value} would come back to it.",
            then="Nothing was closed.",
            remedy=f"First: wsmigrate route set {wanted} --execute.",
        )


def _closer(router: FrontDoor, side: Side, given: dict[str, Any]) -> Closer:
    by = given["by"] or ("workers" if side is Side.LEGACY else "door")
    if by == "door":
        return DoorCloser(router, side)
    if side is Side.CHANNELS:
        raise ConfigError(
            "The new server has no uWSGI workers.",
            remedy="Use --by door, or end its processes with SIGTERM: they close their sockets at "
            "a pace of their own (docs/serve.md).",
        )
    if given["uwsgi_pid"] is None:
        raise ConfigError(
            "Which uWSGI to drain worker by worker was not said.",
            remedy="Give --uwsgi-pid. Use --by door only where a client that leaves does no harm "
            "to others, which is not so with the published server.",
        )
    return WorkerCloser(master_of(given["uwsgi_pid"]), given["legacy_port"], given["spread"])


def _drain(
    router: FrontDoor, side: Side, closer: Closer, given: dict[str, Any], report: Any
) -> Drain:
    limits = Limits(
        per_second=given["per_second"],
        in_flight=given["in_flight"],
        back_within_s=given["back_within"],
        errors_slow=min(_USUAL.errors_slow, given["errors_stop"]),
        errors_stop=given["errors_stop"],
        latency_slow_ms=min(_USUAL.latency_slow_ms, given["latency_stop_ms"]),
        latency_stop_ms=given["latency_stop_ms"],
    )
    admin = given["admin_url"] if side is Side.LEGACY else None
    url = given["amqp_url"]
    census = census_of(router)
    return Drain(
        side,
        closer,
        OtherServer(router, side.other, admin),
        limits,
        census=census,
        listener=RoomListener(checked_amqp_url(url)) if url and census else None,
        patience_s=given["patience"],
        within_s=given["within"],
        report=report,
    )


def census_of(router: FrontDoor) -> HaproxyCensus | None:
    """Who is who at a front door; None where it does not tell."""
    doors = [door for door in router.doors if isinstance(door, HaproxyDoor)]
    census = HaproxyCensus(doors)
    return census if doors and census.is_offered() else None


def _count_queues(command: str | None) -> int | None:
    return count_legacy_queues(shlex.split(command)) if command else None


def _plan(
    router: FrontDoor, side: Side, closer: Closer, given: dict[str, Any], queues: int | None
) -> str:
    left = closer.left()
    try:
        at_door = str(router.sessions().of(side))
    except NotOfferedError:
        at_door = "?"
    by_queues = "" if queues is None else f", {queues} by the broker's queues"
    lines = [
        f"{side.value}: {left} sockets to close ({at_door} sessions by the front door{by_queues})."
    ]
    if isinstance(closer, WorkerCloser):
        sizes = [len(worker.open) for worker in closer.workers()]
        wedged = sum(bool(worker.gone) for worker in closer.workers())
        lines.append(
            f"{len(sizes)} workers of uWSGI {closer.master}, with {', '.join(map(str, sizes))} "
            "sockets; each is ended with all of its sockets"
            + (", which are closed one by one before that" if closer.spread else "")
            + (f". {wedged} may be wedged already and are ended first." if wedged else ".")
        )
        largest = max(sizes, default=0)
        if not closer.spread and largest > given["in_flight"]:
            lines.append(
                f"The largest has more than --in-flight {given['in_flight']}: {largest} clients "
                "come back at once. --spread closes them at the pace, and they may be silent "
                "until then."
            )
    lines.append(
        f"At most {given['per_second']:g} a second and {given['in_flight']} on their way back: "
        f"about {left / given['per_second']:.0f} s."
    )
    return "\n".join(lines)


def _line(progress: Progress) -> str:
    mood = progress.verdict
    why = f" ({mood.reason})" if mood.reason else ""
    return (
        f"{progress.elapsed_s:6.1f} s  {progress.closed} closed, {progress.in_flight} on their way "
        f"back, {progress.left} left; {mood.mood.value}{why}"
    )


def _told(outcome: Outcome, before: int | None, after: int | None) -> str:
    lines = [
        f"{outcome.closed} sockets closed in {outcome.seconds:.1f} s, {outcome.left} left; at most "
        f"{outcome.most_in_flight} on their way back at a time, {outcome.not_seen_back} were not "
        f"seen back.",
        f"The other server slowed it down for {outcome.slowed_s:.1f} s and stopped it for "
        f"{outcome.stopped_s:.1f} s.",
    ]
    if before is not None:
        lines.append(f"By the broker's queues: {before} sockets before, {after} now.")
    lines += [
        f"Worker {one.process}: {one.sockets} sockets were open and may have been silent for "
        f"{one.seconds:.1f} s at most."
        for one in outcome.silences
    ]
    gaps = outcome.gaps
    if gaps is None:
        lines.append("Gaps are not known: this front door does not tell who is who.")
    else:
        length = "" if gaps.mean is None else f"; {gaps.mean:.2f} s long on average, "
        longest = "" if gaps.longest is None else f"{gaps.longest:.2f} s at most"
        frames = "not counted" if gaps.frames is None else str(gaps.frames)
        lines.append(
            f"Gaps: {gaps.moved} clients moved, {gaps.away} are not back{length}{longest}. "
            f"{gaps.more_than_one} clients had more than one. Frames in the gaps: {frames}."
        )
    return "\n".join(lines)
