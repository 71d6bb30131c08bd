"""The front door of a site, as ``[front_door]`` of ``wsmigrate.toml`` describes it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomllib

from migrate_cli.routers.command import CommandDoor, Commands
from migrate_cli.routers.doors import Door, FrontDoor
from migrate_cli.routers.haproxy import ConfigurationFile, HaproxyDoor, Persistence, StateFile
from migrate_cli.routers.haproxy_socket import RuntimeSocket
from migrate_cli.routers.nginx import NginxDoor
from migrate_cli.routers.render.haproxy import BACKEND
from wsmigrate.errors import ConfigError
from wsmigrate.weights import Servers

TABLE = "front_door"
_NO_FILE = "Write one with `wsmigrate init`, or name the file with --config."

_SCHEMES = ("ws://", "wss://", "http://", "https://")
_TABLES = frozenset({"project", "cutover", TABLE, "drain", "gates"})
_COMMON = frozenset({"kind", "url", "doors"})
_KEYS = {
    "haproxy": frozenset(
        {"socket", "master", "backend", "legacy", "channels", "fallback"}
        | {"state_file", "configuration"}
    ),
    "nginx": frozenset({"share", "status", "pid_file", "check", "reload", "legacy", "channels"}),
    "command": frozenset(
        {"label", "timeout_s", "persists"}
        | {"get", "set", "sessions", "health", "traffic", "close"}
    ),
}


def front_door_table(path: Path) -> Mapping[str, Any]:
    """The table ``[front_door]`` of a TOML file. Raises ConfigError."""
    table = cutover_document(path).get(TABLE)
    if not isinstance(table, dict):
        raise ConfigError(
            f"{path} has no table [{TABLE}].", remedy="See docs/front-door.md for what is in it."
        )
    return table


def cutover_document(path: Path) -> dict[str, Any]:
    """The tables of a ``wsmigrate.toml``. Raises ConfigError, also for a table that is none of its:
    what stands there would be read by nobody."""
    document = read_document(path, remedy=_NO_FILE)
    unknown = sorted(set(document) - _TABLES)
    if unknown:
        raise ConfigError(
            f"{path} has {', '.join(map(repr, unknown))}, which means nothing there.",
            remedy=f"Its tables are {', '.join(sorted(_TABLES))}.",
        )
    return document


def read_document(path: Path, *, remedy: str) -> dict[str, Any]:
    """The tables of a TOML file. Raises ConfigError, with that remedy where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).", remedy=remedy) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}.") from error


def front_door_of(table: Any) -> FrontDoor:
    """The front door of a table. Nothing is asked or told. Raises ConfigError."""
    if not isinstance(table, Mapping):
        raise ConfigError(f"{TABLE!r} in wsmigrate.toml has to be a table: [{TABLE}].")
    url = table.get("url")
    if url is not None and not (isinstance(url, str) and url.startswith(_SCHEMES)):
        raise ConfigError(
            f"[{TABLE}] has url = {url!r}, and has to have a URL as wss://chat.example.com."
        )
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise ConfigError(
            f"[{TABLE}] has kind = {kind!r}, and has to be one of {', '.join(sorted(_KEYS))}."
        )
    shared = {key: value for key, value in table.items() if key not in _COMMON}
    each = table.get("doors", [{}])
    if not isinstance(each, list) or not each or not all(isinstance(one, dict) for one in each):
        raise ConfigError(f"[[{TABLE}.doors]] has to be a list of tables, at least one.")
    return FrontDoor([_door(kind, _Table({**shared, **one}, _KEYS[kind])) for one in each])


class _Table:
    """The values of a door, each checked as it is read."""

    def __init__(self, values: Mapping[str, Any], known: frozenset[str]) -> None:
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(
                f"[{TABLE}] has {', '.join(map(repr, unknown))}, which means nothing there.",
                remedy=f"Known are {', '.join(sorted(known))}.",
            )
        self._values = values

    def text(self, key: str, default: str | None = None) -> str:
        value = self._values.get(key, default)
        if not isinstance(value, str) or not value:
            raise ConfigError(f'[{TABLE}] needs {key} = "…".')
        return value

    def path(self, key: str) -> Path | None:
        return Path(self.text(key)) if key in self._values else None

    def words(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts; one text stands for a list of one."""
        value = self._values.get(key, list(default))
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
            raise ConfigError(f'[{TABLE}] needs {key} = ["…", "…"].')
        return tuple(found)

    def command(self, key: str) -> tuple[str, ...]:
        """A command line, in one text or as a list of words. There is no shell."""
        value = self._values.get(key, [])
        if not isinstance(value, str):
            return self.words(key)
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise ConfigError(f"[{TABLE}] {key} cannot be read ({error}).") from error

    def number(self, key: str, default: float) -> float:
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            raise ConfigError(f"[{TABLE}] needs {key} to be a number above 0.")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"[{TABLE}] needs {key} to be true or false.")
        return value


def _door(kind: str, table: _Table) -> Door:
    return {"haproxy": _haproxy, "nginx": _nginx, "command": _command}[kind](table)


def _haproxy(table: _Table) -> Door:
    backend = table.text("backend", BACKEND)
    servers = Servers(
        _needed(table, "legacy", ("legacy",)), _needed(table, "channels", ("channels",))
    )
    if set(servers.legacy) & set(servers.channels):
        raise ConfigError(f"[{TABLE}] names a server on both sides.")
    master = table.path("master")
    return HaproxyDoor(
        socket=RuntimeSocket(table.text("socket")),
        backend=backend,
        servers=servers,
        persistence=_persistence(table, backend),
        fallback=table.words("fallback"),
        master=RuntimeSocket(str(master)) if master else None,
    )


def _persistence(table: _Table, backend: str) -> Persistence | None:
    state, configuration = table.path("state_file"), table.path("configuration")
    if state and configuration:
        raise ConfigError(
            f"[{TABLE}] has state_file and configuration: weights are persisted in one place."
        )
    if state:
        return StateFile(state, backend)
    return ConfigurationFile(configuration, backend) if configuration else None


def _nginx(table: _Table) -> Door:
    share = table.path("share")
    if share is None:
        raise ConfigError(f'[{TABLE}] needs share = "…": the include that holds the share.')
    return NginxDoor(
        share=share,
        status=table.text("status"),
        legacy=_needed(table, "legacy"),
        channels=_needed(table, "channels"),
        pid_file=table.path("pid_file"),
        check=table.command("check"),
        reload=table.command("reload"),
    )


def _command(table: _Table) -> Door:
    for needed in ("get", "set"):
        if not table.command(needed):
            raise ConfigError(f'[{TABLE}] needs {needed} = "a command".')
    names = ("get", "set", "sessions", "health", "traffic", "close")
    return CommandDoor(
        label=table.text("label", "hooks"),
        commands=Commands(**{name: table.command(name) for name in names}),
        timeout_s=table.number("timeout_s", 60.0),
        persists=table.flag("persists", True),
    )


def _needed(table: _Table, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    found = table.words(key, default)
    if not found:
        raise ConfigError(f'[{TABLE}] needs {key} = ["…"].')
    return found
