"""Who a client is, by its address, also behind proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, Union

from channels_ws.auth.tokens import header_values

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

UNKNOWN = "unknown"
_ONE_CLIENT_PREFIX = 64
_SHOWN_HOPS = 32


def client_of_scope(scope: dict[str, Any], trusted: Sequence[Network]) -> str:
    """The client of an ASGI scope. See ``client_address``."""
    peer = (scope.get("client") or (None,))[0]
    return client_address(peer, header_values(scope, b"x-forwarded-for"), trusted)


def client_address(
    peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]
) -> str:
    """The address that limits count by: an IPv4 address, or the /64 network of an IPv6 address,
    which one client has to itself.

    ``peer`` is the other end of the connection, None on a Unix socket, which only a proxy uses.
    ``forwarded_for`` are the X-Forwarded-For headers in their order. Each proxy appends whom it got
    the request from, so they are read from the right, for as long as the one who wrote an entry is
    trusted: what stands further left anybody may have written.
    """
    hops = [hop for line in forwarded_for for hop in line.split(",")][-_SHOWN_HOPS:]
    address = _address(peer) if peer else None
    if peer and address is None:
        return UNKNOWN
    while (address is None or _is_in(address, trusted)) and hops:
        hop = _address(hops.pop())
        if hop is None:
            break
        address = hop
    return UNKNOWN if address is None else _counted_as(address)


def _address(text: str) -> Address | None:
    """Without the port and the brackets that some proxies add."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _counted_as(address: Address) -> str:
    if address.version == 4 or address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, _ONE_CLIENT_PREFIX), strict=False))
