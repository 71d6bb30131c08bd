"""Ports on 127.0.0.1 for the parts of a stack, claimed for as long as the stack lives.

A part listens on the same port after each restart, so the port has to stay its own in between and
during the seconds before it listens for the first time. An abstract Unix socket named after the
port is the claim: other stacks on the machine respect it, and the kernel drops it with its owner.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

from wsmigrate.errors import ConfigError, UnavailableError

HOST = "127.0.0.1"

_FIRST = 10240
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DEFAULT_EPHEMERAL_START = 32768
_ATTEMPTS = 200


class Ports:
    """The ports of one stack. ``release`` gives all of them back."""

    def __init__(self) -> None:
        self._claims: dict[int, socket.socket] = {}

    def free(self) -> int:
        """A port that nobody listens on and no other stack has claimed.

        It lies below the ports that the kernel gives to outgoing connections, so none of those can
        take it while its part is down. Raises UnavailableError.
        """
        below = _ephemeral_start()
        for _ in range(_ATTEMPTS):
            port = random.randrange(_FIRST, below)  # noqa: S311 - spread, not secrecy
            if self._claim(port):
                return port
        raise UnavailableError(f"No free port was found on {HOST} between {_FIRST} and {below}.")

    def wanted(self, port: int, purpose: str) -> int:
        """The given port, or a free one for 0. Raises ConfigError if somebody has it."""
        if port == 0:
            return self.free()
        if not 1 <= port <= 65535:
            raise ConfigError(f"{port} cannot be the port for {purpose}: ports go from 1 to 65535.")
        if port in self._claims:
            raise ConfigError(f"Port {port} is given twice, also for {purpose}.")
        if not self._claim(port):
            raise ConfigError(
                f"Port {port} for {purpose} is in use on {HOST}.",
                remedy="Stop what uses it, or choose another port.",
            )
        return port

    def release(self) -> None:
        """Give the claims back. Whatever listens goes on listening."""
        for claim in self._claims.values():
            claim.close()
        self._claims.clear()

    def _claim(self, port: int) -> bool:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0wsmigrate-port-{port}")
            _try_to_bind(port)
        except OSError:
            claim.close()
            return False
        self._claims[port] = claim
        return True


def _try_to_bind(port: int) -> None:
    """Raises OSError if somebody listens there, or if the port needs rights that we do not have."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))


def _ephemeral_start() -> int:
    try:
        start = int(_EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _DEFAULT_EPHEMERAL_START
    return start if start >= _FIRST + 1000 else 65536
