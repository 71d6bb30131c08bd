"""The sockets that clients connect to, bound before anything else is started."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

from channels_ws.serving.options import Address
from wsmigrate.errors import ConfigError, UnavailableError

# As uvicorn has it: whoever may enter the folder may connect.
_UNIX_SOCKET_MODE = 0o666


def bound_socket(place: Address | Path | int, purpose: str) -> socket.socket:
    """A socket that is bound and does not listen yet, or the one of a file descriptor.

    A Unix socket on which nobody listens any more is replaced. Raises UnavailableError if somebody
    has the place, ConfigError for one that cannot be.
    """
    if isinstance(place, Address):
        return _bound_to_address(place, purpose)
    if isinstance(place, Path):
        return _bound_to_path(place, purpose)
    return _inherited(place)


def where(bound: socket.socket) -> str:
    """The place of a bound socket, for people."""
    name = bound.getsockname()
    if isinstance(name, tuple):
        return str(Address(name[0], name[1]))
    return os.fsdecode(name) or "an unnamed socket"


def _bound_to_address(address: Address, purpose: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address.host, address.port))
    except OSError as error:
        bound.close()
        raise _cannot_bind(str(address), purpose, error) from error
    return bound


def _bound_to_path(path: Path, purpose: str) -> socket.socket:
    _remove_if_left_behind(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(str(path))
        path.chmod(_UNIX_SOCKET_MODE)
    except OSError as error:
        bound.close()
        raise _cannot_bind(str(path), purpose, error) from error
    return bound


def _remove_if_left_behind(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            probe.connect(str(path))
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _inherited(descriptor: int) -> socket.socket:
    try:
        return socket.socket(fileno=descriptor)
    except OSError as error:
        raise ConfigError(
            f"The file descriptor {descriptor} is no socket ({error.strerror})."
        ) from error


def _cannot_bind(place: str, purpose: str, error: OSError) -> UnavailableError:
    if error.errno == errno.EADDRINUSE:
        return UnavailableError(
            f"{place} for {purpose} is in use.",
            remedy="Stop what uses it, or choose another one.",
        )
    reason = error.strerror or type(error).__name__
    return UnavailableError(f"{place} for {purpose} cannot be listened on: {reason}.")
