"""``wsmigrate room PATH``: what a room is called everywhere."""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

import click

from wsmigrate.config_keys import SETTINGS
from wsmigrate.errors import ConfigError
from wsmigrate.rooms import group_of_room, room_of_path
from wsmigrate.topology import (
    DEFAULT_INBOX_PREFIX,
    DEFAULT_INBOXES,
    inbox_index_of_room,
    inbox_names,
)


@click.command()
@click.argument("path")
@click.option("--inboxes", default=DEFAULT_INBOXES, show_default=True, help="Inboxes in use.")
@click.option(
    "--inbox-prefix", default=DEFAULT_INBOX_PREFIX, show_default=True, help="INBOX_PREFIX in use."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def room(path: str, inboxes: int, inbox_prefix: str, as_json: bool) -> None:
    """Show the room, exchange, group and inbox of a WebSocket URL or request PATH.

    Exit code 2 if no room can have that name: both servers refuse its handshake with 403.
    """
    SETTINGS["INBOX_PREFIX"].read("INBOX_PREFIX", inbox_prefix)
    # A WebSocket URL may be pasted whole; of a bare path everything up to `?` is the path, colons
    # and double slashes included.
    raw = _path_of_url(path) if "://" in path else path.partition("?")[0]
    name = room_of_path(os.fsencode(raw))  # the bytes that were typed, UTF-8 or not
    names = {
        "room": name,
        "exchange": name,
        "group": group_of_room(name),
        "inbox": inbox_names(inboxes, prefix=inbox_prefix)[inbox_index_of_room(name, inboxes)],
    }
    if as_json:
        click.echo(json.dumps(names, ensure_ascii=False))
        return
    for what, value in names.items():
        click.echo(f"{what:<9} {value}")


def _path_of_url(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        raise ConfigError(
            "The WebSocket URL cannot be read.", remedy="Check its host, or give the path alone."
        ) from None
