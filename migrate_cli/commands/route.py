"""``wsmigrate route``: the front door, which sends each room to the old or to the new server."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from migrate_cli.commands import route_texts as texts
from migrate_cli.commands.route_render import render
from migrate_cli.routers.doors import FrontDoor, checked_percent
from migrate_cli.routers.port import NotOfferedError
from migrate_cli.routers.probing import Measured, measure
from migrate_cli.routers.settings import front_door_of, front_door_table
from migrate_cli.routers.takeover import Takeover, Way
from wsmigrate.errors import ConfigError, RefusedError
from wsmigrate.sides import Side

DEFAULT_CONFIG = Path("wsmigrate.toml")


def door_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which front door: of a file, or an HAProxy that is named right here."""
    options = (
        click.option(
            "--config",
            type=click.Path(dir_okay=False, path_type=Path),
            help="File with [front_door] (default: wsmigrate.toml in this folder).",
        ),
        click.option(
            "--haproxy",
            "sockets",
            multiple=True,
            metavar="SOCKET",
            help="Instead of a file: a runtime socket, a path or host:port. Again for more.",
        ),
        click.option("--backend", help="With --haproxy: its backend (default: ws)."),
        click.option("--legacy-server", multiple=True, help="With --haproxy: name(s) in there."),
        click.option("--channels-server", multiple=True, help="With --haproxy: name(s) in there."),
        click.option("--state-file", help="With --haproxy: what server-state-file names."),
        click.option("--haproxy-config", help="With --haproxy: rewrite the weights in this file."),
        click.option("--url", help="Where browsers come in, to measure the share by probing."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def chosen_table(
    config: Path | None,
    sockets: tuple[str, ...],
    **named: Any,
) -> dict[str, Any]:
    """The table of the front door that the options name. Raises ConfigError."""
    if not sockets:
        given = [key for key, value in named.items() if value]
        if given:
            raise ConfigError(f"--{given[0].replace('_', '-')} goes with --haproxy.")
        return dict(front_door_table(config or DEFAULT_CONFIG))
    if config:
        raise ConfigError("--config and --haproxy are two ways to name the front door: choose one.")
    keys = {
        "backend": named["backend"],
        "legacy": list(named["legacy_server"]),
        "channels": list(named["channels_server"]),
        "state_file": named["state_file"],
        "configuration": named["haproxy_config"],
    }
    chosen = {key: value for key, value in keys.items() if value}
    return {"kind": "haproxy", **chosen, "doors": [{"socket": place} for place in sockets]}


@click.group()
def route() -> None:
    """Look at and set the share of the rooms that the front door sends to the new server."""


@route.command()
@door_options
@click.option("--rooms", type=click.IntRange(0, 100_000), default=300, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(url: str | None, rooms: int, as_json: bool, **which: Any) -> None:
    """Show the share, the sessions and the health of both servers, as the doors know them.

    With --url, or `url` in the file, the share is measured too: by so many requests for --rooms
    rooms that nobody uses. Exit code 1 if the doors differ, or a restart would change the share.
    """
    table = chosen_table(**which)
    router = front_door_of(table)
    share = router.share()
    found = texts.Shown(
        name=router.name,
        share=share,
        sessions=_or_none(router.sessions),
        health=router.health(),
        traffic={side: router.traffic(side) for side in Side},
        measured=_measured(router, url or table.get("url"), rooms),
    )
    click.echo(json.dumps(found.as_json()) if as_json else found.as_text())
    if share.percent is None:
        raise RefusedError("The doors differ.", remedy="Set the share again.")
    if any(door.persisted is not None for door in share.doors.values()) and not share.is_persisted:
        raise RefusedError(
            "A restart would change the share.",
            remedy="`wsmigrate route set` with the share that it shall have persists it.",
        )


@route.command(name="set")
@click.argument("percent", type=int)
@door_options
@click.option("--rooms", type=click.IntRange(0, 100_000), default=300, show_default=True)
@click.option("--execute", is_flag=True, help="Do it. Without this nothing is changed.")
def set_share(percent: int, url: str | None, rooms: int, execute: bool, **which: Any) -> None:
    """Send PERCENT of the rooms to the new server from now on. Open sockets stay where they are.

    A dry run, unless --execute is given. Persisted, so that a restart keeps it, and read back.
    """
    checked_percent(percent)
    table = chosen_table(**which)
    router = front_door_of(table)
    before = router.share()
    place = url or table.get("url")
    for line in texts.change(before, percent):
        click.echo(line)
    if not execute:
        click.echo("A dry run: nothing was changed. Add --execute to do it.")
        return
    was = _measured(router, place, rooms)
    after = router.set_share(percent)
    click.echo(texts.done(after))
    now = _measured(router, place, rooms)
    if was is None or now is None:
        click.echo("Not measured: give --url, the address that browsers connect to.")
    else:
        click.echo(texts.moved(was, now))


@route.command()
@click.option("--way", type=click.Choice([way.value for way in Way]), default=Way.REDIRECT.value)
@click.option("--kind", type=click.Choice(["haproxy", "nginx"]), default="haproxy")
@click.option("--port", type=click.IntRange(1, 65535), default=8081, show_default=True)
@click.option("--door-port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--legacy-port", type=click.IntRange(1, 65535), default=8082, show_default=True)
@click.option("--url", help="Where browsers come in (default: ws://localhost and the port).")
@click.option("--check", is_flag=True, help="See whether the front door has the port now.")
def door(
    *,
    way: str,
    kind: str,
    port: int,
    door_port: int,
    legacy_port: int,
    url: str | None,
    check: bool,
) -> None:
    """Print how the front door takes over the PORT that browsers connect to today.

    \b
    redirect  new connections are led to the door by the kernel; open ones stay
    rebind    the old server moves to another port; its sockets are closed once
    upstream  what stands in front is pointed at the door

    Nothing is done. --check asks at --url whether the door is there: exit code 1 if it is not.
    """
    place = url or f"ws://localhost:{port}"
    if check:
        _check_door(place)
        return
    for line in texts.plan(Takeover(Way(way), kind, port, door_port, legacy_port, place).steps()):
        click.echo(line)


def _check_door(url: str) -> None:
    found = measure(url, 20)
    if found.failed or found.unnamed or found.channels or found.split:
        raise RefusedError(
            f"Of 20 rooms at {url} {found.legacy} went to the old server by the front door, "
            f"{found.channels} to the new one, {found.unnamed} answers do not come from a front "
            f"door that wsmigrate rendered, {found.failed} did not come, {found.split} were split.",
            remedy="In the stage `door` all 20 go to the old server by the front door.",
        )
    click.echo(f"All of 20 rooms at {url} go to the old server by the front door.")


def _measured(router: FrontDoor, url: str | None, rooms: int) -> Measured | None:
    if not url or not rooms:
        return None
    before = _connects(router)
    found = measure(url, rooms)
    after = _connects(router)
    if found.percent is not None or before is None or after is None:
        return found
    legacy, channels = (now - was for was, now in zip(before, after, strict=True))
    return replace(found, legacy=legacy, channels=channels, unnamed=0, by_counters=True)


def _connects(router: FrontDoor) -> tuple[int, int] | None:
    legacy, channels = (router.traffic(side).connects for side in Side)
    return None if legacy is None or channels is None else (legacy, channels)


def _or_none(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except NotOfferedError:
        return None


route.add_command(render)
