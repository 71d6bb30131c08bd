"""What a rendered front door is to do, whatever program it is."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from migrate_cli.routers.doors import checked_percent
from wsmigrate.errors import ConfigError
from wsmigrate.sides import Side

SERVER_HEADER = "X-Wsmigrate-Server"
"""The header of every answer that says which side it is from. Probes go by it."""

DOOR_PATH = "/wsmigrate/door"
"""What is asked of the new server to see whether it takes new clients (docs/serve.md)."""

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|\*|[A-Za-z0-9._-]*):(?P<port>\d{1,5})")
_PLAIN_PATH = re.compile(r"[^\s\"'#;{}$\\]+")


@dataclass(frozen=True)
class Tls:
    """A certificate chain and its key, PEM. HAProxy takes them from one file: give that as both."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class RenderOptions:
    """``listen``, ``legacy`` and ``channels`` are ``host:port``; there is at least one of each.

    ``percent`` of the rooms go to the new server at first. ``trusted`` are networks of proxies in
    front of this one, whose X-Forwarded-For is kept; everybody else's is replaced. ``cookie`` makes
    the handshake tell the page its server, for demonstrations. Raises ConfigError.
    """

    listen: tuple[str, ...]
    legacy: tuple[str, ...]
    channels: tuple[str, ...]
    percent: int = 0
    tls: Tls | None = None
    trusted: tuple[str, ...] = ()
    door_path: str = DOOR_PATH
    max_connections: int | None = None
    user: str | None = None
    cookie: bool = False

    def __post_init__(self) -> None:
        checked_percent(self.percent)
        for what in ("listen", "legacy", "channels"):
            addresses = getattr(self, what)
            if not addresses:
                raise ConfigError(f"No address of {what} is given.", remedy="Give host:port.")
            for address in addresses:
                check_address(what, address, host_needed=what != "listen")
            if len(set(addresses)) != len(addresses):
                raise ConfigError(f"An address of {what} is given twice.")
        if set(self.legacy) & set(self.channels):
            raise ConfigError("The old and the new server cannot have one address.")
        if not self.door_path.startswith("/"):
            raise ConfigError(f"{self.door_path!r} is no path: it has to begin with a slash.")
        check_places(self.door_path, *self._files())
        for network in self.trusted:
            _check_network(network)
        if self.user is not None and not re.fullmatch(r"[a-z_][a-z0-9_-]*", self.user):
            raise ConfigError(f"{self.user!r} is no user's name.")

    def servers(self, side: Side) -> dict[str, str]:
        """Address by name: ``legacy``, or ``legacy1``, ``legacy2`` where there are several."""
        addresses = self.legacy if side is Side.LEGACY else self.channels
        if len(addresses) == 1:
            return {side.value: addresses[0]}
        return {f"{side.value}{number}": place for number, place in enumerate(addresses, 1)}

    def _files(self) -> tuple[str, ...]:
        return (str(self.tls.certificate), str(self.tls.key)) if self.tls else ()


def check_places(*places: Path | str | None) -> None:
    """Paths that are to stand in a configuration. Raises ConfigError for one that the program would
    take for several words, or for a comment."""
    for place in places:
        if place is not None and not _PLAIN_PATH.fullmatch(str(place)):
            raise ConfigError(
                f"{str(place)!r} cannot stand in a configuration: it is no plain path."
            )


def check_address(what: str, address: str, *, host_needed: bool) -> None:
    """``host:port`` of ``what``. Raises ConfigError."""
    found = _ADDRESS.fullmatch(address)
    if not found or not 0 < int(found["port"]) < 65536 or (host_needed and not found["host"]):
        raise ConfigError(
            f"{address!r} is no address of {what}.", remedy="Write it as 10.0.0.1:8081."
        )
    if host_needed and found["host"] == "*":
        raise ConfigError(f"{address!r} is every host: name one.")


def _check_network(network: str) -> None:
    try:
        ipaddress.ip_network(network)
    except ValueError:
        raise ConfigError(f"{network!r} is no network.", remedy="Write 10.0.0.0/8.") from None
