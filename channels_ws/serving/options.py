"""What ``wsmigrate serve`` was told."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from channels_ws.serving.ending import Ending
from wsmigrate.errors import ConfigError

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8000
DEFAULT_DOOR_PATH = "/wsmigrate/door"
DEFAULT_CANARY_LATE_S = 10.0

_ADDRESS = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:]*):)?(?P<port>[0-9]{1,5})")
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Address:
    """A TCP address to listen on. Port 0 stands for a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Tls:
    """PEM files. Without ``key`` the certificate's file holds it."""

    certificate: Path
    key: Path | None = None


@dataclass(frozen=True)
class ServeOptions:
    """Where to listen and how to end. ``listen`` is an address, the path of a Unix socket, or the
    number of a file descriptor on which somebody listens already."""

    listen: Address | Path | int
    ending: Ending
    admin: Address | None = None
    tls: Tls | None = None
    door_path: str = DEFAULT_DOOR_PATH
    canary_late_s: float = DEFAULT_CANARY_LATE_S

    def __post_init__(self) -> None:
        if not self.door_path.startswith("/") or not self.door_path.isascii():
            raise ConfigError(
                f"The path of the front door's check is {self.door_path!r}, and has to begin with "
                "a slash and be ASCII."
            )
        if not math.isfinite(self.canary_late_s):
            raise ConfigError("The time after which a canary is late has to be a number.")


def address_of(text: str) -> Address:
    """The address that ``HOST:PORT``, ``[IPV6]:PORT`` or ``PORT`` names; without a host it is the
    loopback interface. Raises ConfigError."""
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > _HIGHEST_PORT:
        raise ConfigError(f"{text!r} is no address.", remedy="Write it as HOST:PORT.")
    return Address((found["host"] or LOOPBACK).strip("[]"), int(found["port"]))
