"""Commands of the cutover as people read them, and as they are written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from wsmigrate import facts
from wsmigrate.config import NotifyBackend
from wsmigrate.errors import ConfigError
from wsmigrate.facts import Command, MoveSockets, PublishTo, RouteRooms
from wsmigrate.sides import Side

_KINDS: Mapping[str, type[Any]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower(): kind
    for kind in (
        facts.OpenDoor,
        facts.CloseDoor,
        facts.StartBridge,
        facts.StopBridge,
        RouteRooms,
        MoveSockets,
        facts.BindRooms,
        facts.UnbindRooms,
        PublishTo,
        facts.PassBarrier,
        facts.RemoveExchanges,
    )
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_VALUES: Mapping[str, type[Any]] = {"percent": int, "away_from": Side, "backend": NotifyBackend}
_SENTENCES = {
    "open-door": "have browsers come by the front door",
    "close-door": "give the old server its port back",
    "start-bridge": "start the bridge, and see that every inbox is relayed",
    "stop-bridge": "stop the bridge, once the inboxes are empty",
    "bind-rooms": "have every process of the new server bind its rooms in RabbitMQ",
    "unbind-rooms": "have every process of the new server take its bindings back",
    "pass-barrier": "send a marker through every inbox, and wait until all servers have it",
    "remove-exchanges": "remove the exchanges of rooms that nothing uses",
}
_SERVERS = {Side.LEGACY: "old", Side.CHANNELS: "new"}


def name_of(command: Command) -> str:
    """The kind of a command, as ``route-rooms``."""
    return _NAMES[type(command)]


def sentence_of(command: Command) -> str:
    """What a command does, as an order without a full stop."""
    if isinstance(command, RouteRooms):
        return f"send {command.percent} % of the rooms to the new server"
    if isinstance(command, MoveSockets):
        return (
            f"close the {_SERVERS[command.away_from]} server's sockets of rooms that have moved, "
            "at the set rate"
        )
    if isinstance(command, PublishTo):
        return (
            f"have notify() publish to {command.backend.value}, and wait for every live publisher"
        )
    return _SENTENCES[name_of(command)]


def record_of_command(command: Command) -> dict[str, Any]:
    """A command as JSON can say it."""
    values = {field.name: getattr(command, field.name) for field in fields(command)}
    return {"command": name_of(command)} | {
        key: value.value if isinstance(value, (Side, NotifyBackend)) else value
        for key, value in values.items()
    }


def command_of_record(record: Mapping[str, Any]) -> Command:
    """The reverse. Raises ConfigError for what this version does not know."""
    try:
        kind = _KINDS[record["command"]]
        values = {field.name: _VALUES[field.name](record[field.name]) for field in fields(kind)}
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"The state names a command that this version does not know: {dict(record)!r}.",
            remedy="Use the version of wsmigrate that began this step.",
        ) from error
    command: Command = kind(**values)
    return command
