"""``wsmigrate route render``: complete configurations for a front door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from migrate_cli.routers.files import replace_file
from migrate_cli.routers.render.haproxy import FIRST_STATE, HaproxyFiles, haproxy_configuration
from migrate_cli.routers.render.nginx import (
    NginxFiles,
    nginx_configuration,
    room_script,
    share_include,
)
from migrate_cli.routers.render.options import DOOR_PATH, RenderOptions, Tls
from wsmigrate.errors import ConfigError, RefusedError

_PATH = click.Path(path_type=Path)


@click.group()
def render() -> None:
    """Print or write a complete configuration for HAProxy or nginx."""


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--listen", multiple=True, default=("0.0.0.0:8080",), show_default=True),
        click.option("--legacy", multiple=True, default=("127.0.0.1:8081",), show_default=True),
        click.option("--channels", multiple=True, default=("127.0.0.1:8000",), show_default=True),
        click.option("--share", type=int, default=0, show_default=True, help="Percent at first."),
        click.option("--tls-cert", type=_PATH, help="Certificate chain, PEM."),
        click.option("--tls-key", type=_PATH, help="Its key (default: in the same file)."),
        click.option(
            "--trusted",
            multiple=True,
            metavar="NETWORK",
            help="Proxies in front, whose X-Forwarded-For is kept.",
        ),
        click.option("--door-path", default=DOOR_PATH, show_default=True),
        click.option("--max-connections", type=click.IntRange(min=1)),
        click.option("--user", help="The user to become after the start."),
        click.option(
            "--output", type=_PATH, help="Folder to write all files into (default: print)."
        ),
        click.option("--force", is_flag=True, help="Replace files that are there."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@render.command()
@_common
@click.option("--socket", type=_PATH, default=HaproxyFiles.runtime_socket, show_default=True)
@click.option(
    "--state-file", type=_PATH, help=f"Default: {HaproxyFiles.state_file}, or in --output."
)
def haproxy(
    output: Path | None, force: bool, socket: Path, state_file: Path | None, **given: Any
) -> None:
    """A configuration for HAProxy 2.4 or newer.

    With --tls-cert, HAProxy wants certificate and key in that one file.
    """
    options = _options(given, one_file=True)
    folder = output.resolve() if output else None
    state = state_file or (folder / "wsmigrate.state" if folder else HaproxyFiles.state_file)
    files = HaproxyFiles(socket, state)
    text = haproxy_configuration(options, files)
    if folder is None:
        click.echo(text)
        return
    _write({folder / "haproxy.cfg": text, state: FIRST_STATE}, force, kept=state)


@render.command()
@_common
@click.option("--share-file", type=_PATH, help=f"Default: {NginxFiles.share}, or in --output.")
@click.option("--pid-file", type=_PATH, default=NginxFiles.pid, show_default=True)
@click.option("--status", default=NginxFiles.status, show_default=True, metavar="HOST:PORT")
@click.option(
    "--rooms",
    type=click.Choice(["map", "js"]),
    default="map",
    show_default=True,
    help="js: by nginx's JavaScript module, to the letter.",
)
@click.option("--module", type=_PATH, default=NginxFiles.module, show_default=True)
@click.option("--state-folder", type=_PATH, help="Temporary files, for one that is not root's.")
def nginx(
    *,
    output: Path | None,
    force: bool,
    share_file: Path | None,
    pid_file: Path,
    status: str,
    rooms: str,
    module: Path,
    state_folder: Path | None,
    **given: Any,
) -> None:
    """A configuration for nginx 1.18 or newer, and its include with the share.

    Without --output the configuration is printed; the include is the file of --share-file, which
    `wsmigrate route set` writes.
    """
    options = _options(given, one_file=False)
    folder = output.resolve() if output else None
    share = share_file or (folder / "wsmigrate-share.conf" if folder else NginxFiles.share)
    script = (folder or share.parent) / "wsmigrate-room.js" if rooms == "js" else None
    files = NginxFiles(
        share=share,
        pid=pid_file,
        status=status,
        room_script=script,
        module=module,
        state_folder=state_folder,
    )
    text = nginx_configuration(options, files)
    include = share_include(options.percent)
    if folder is None:
        click.echo(text)
        for path, content in {share: include, script: room_script()}.items():
            if path:
                click.echo(f"# --- {path} has to hold:")
                click.echo("\n".join(f"# {line}" for line in content.splitlines()))
        return
    wanted = {folder / "nginx.conf": text, share: include}
    if script:
        wanted[script] = room_script()
    _write(wanted, force)
    if state_folder:
        state_folder.mkdir(parents=True, exist_ok=True)


def _options(given: dict[str, Any], *, one_file: bool) -> RenderOptions:
    certificate, key = given.pop("tls_cert"), given.pop("tls_key")
    if key is not None and certificate is None:
        raise ConfigError("--tls-key is given without --tls-cert.")
    if one_file and key is not None and key != certificate:
        raise ConfigError(
            "HAProxy takes certificate and key from one file.",
            remedy="Put both into the file of --tls-cert, and leave --tls-key out.",
        )
    tls = Tls(certificate.resolve(), (key or certificate).resolve()) if certificate else None
    return RenderOptions(percent=given.pop("share"), tls=tls, **given)


def _write(files: dict[Path, str], force: bool, kept: Path | None = None) -> None:
    """``kept`` is written only where it is not there: it holds what was set."""
    there = [path for path in files if path.exists() and path != kept]
    if there and not force:
        raise RefusedError(
            f"{there[0]} is there already.", then="Nothing was written.", remedy="Add --force."
        )
    for path, text in files.items():
        if path == kept and path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)
        click.echo(f"wrote {path}")
