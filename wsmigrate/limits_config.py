"""The settings that bound what a server process takes, and how they are checked."""

from __future__ import annotations

import ipaddress
from typing import Any, Union

from wsmigrate.config_values import cannot_be
from wsmigrate.errors import ConfigError

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Networks = tuple[Network, ...]

LOOPBACK: Networks = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1/128"),
)


def per_second(key: str, value: Any) -> float:
    """A rate above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise cannot_be(key, value, "a positive number")
    return float(value)


def networks(key: str, value: Any) -> Networks:
    """Addresses and networks in CIDR notation."""
    if not isinstance(value, (list, tuple)):
        raise cannot_be(key, value, "a list")
    return tuple(_network(key, entry) for entry in value)


def _network(key: str, entry: Any) -> Network:
    if isinstance(entry, str):
        try:
            return ipaddress.ip_network(entry)
        except ValueError:
            pass
    raise ConfigError(
        f"WSMIGRATE[{key!r}] has {entry!r}, which is no network.",
        remedy="Write it as '10.0.0.0/8', '192.0.2.7' or 'fd00::/8'.",
    )
