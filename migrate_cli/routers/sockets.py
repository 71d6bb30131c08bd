"""The TCP connections that processes of this machine hold, and how one of them is ended (Linux).

A program that cannot be asked for its connections can be looked at: ``/proc/<pid>/fd`` names its
sockets, ``/proc/net/tcp`` says where each leads. To end one, its descriptor is copied out of the
process (pidfd_getfd(2), Linux 5.6) and shut down (shutdown(2)), which both processes see: the owner
reads the end of the connection, as if the other side had closed it.
"""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import os
import socket
import struct
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wsmigrate.errors import UnavailableError

_ESTABLISHED = "01"  # net/tcp_states.h
_CLOSE_WAIT = "08"
_PIDFD_GETFD = 438  # on every architecture
_PROC = Path("/proc")
_TABLES = ("tcp", "tcp6", "udp", "udp6", "unix", "raw", "raw6", "packet", "netlink")

Place = tuple[str, int]
"""An IP address, as ``ipaddress`` writes it, and a port."""


@dataclass(frozen=True)
class Connection:
    """An open TCP connection of a process. ``left`` says that the other side has closed it, and the
    process has not noticed or does not care."""

    pid: int
    descriptor: int
    inode: int
    local: Place
    remote: Place
    left: bool


def connections_of(pids: Iterable[int]) -> list[Connection]:
    """The open connections of processes, oldest first (a socket's inode counts upwards).

    A process that ends meanwhile has none. The processes are of one network namespace. Raises
    UnavailableError for one that this user may not look at.
    """
    owned = [(pid, *entry) for pid in pids for entry in _sockets_of(pid)]
    if not owned:
        return []
    owners = dict.fromkeys(pid for pid, _, _ in owned)
    table = dict(_established(owners, {inode for _, _, inode in owned}))
    found = [
        Connection(pid, descriptor, inode, *table[inode])
        for pid, descriptor, inode in owned
        if inode in table
    ]
    return sorted(found, key=lambda one: one.inode)


def resolved(address: str) -> frozenset[Place]:
    """The places of ``host:port``, as they stand in a connection. Raises UnavailableError."""
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"The address {address} is not known ({error}).") from error
    return frozenset((_written(str(entry[4][0])), int(entry[4][1])) for entry in found)


def shut_down(connection: Connection) -> bool:
    """End a connection; False if it has ended meanwhile. Raises UnavailableError where the machine
    or its rights do not allow it."""
    try:
        handle = os.pidfd_open(connection.pid)
    except ProcessLookupError:
        return False
    try:
        return _shut_down(handle, connection)
    finally:
        os.close(handle)


def broken_connections(pids: Iterable[int], port: int) -> Counter[int]:
    """How many connections to a port each process holds that the other side has reset. They are in
    no table any more. The processes are of one network namespace. Raises UnavailableError where the
    machine or its rights do not allow to look.
    """
    owned = {pid: list(_sockets_of(pid)) for pid in pids}
    owners = [pid for pid, sockets in owned.items() if sockets]
    tables = [_lines_of(owners, name) for name in _TABLES]
    if tables[0] is None:
        return Counter(dict.fromkeys(owned, 0))  # all of them have ended meanwhile
    listed = {inode for lines in tables if lines for inode in _inodes(lines)}
    return Counter(
        {
            pid: _count_at_port(pid, [entry for entry in sockets if entry[1] not in listed], port)
            for pid, sockets in owned.items()
        }
    )


def _count_at_port(pid: int, entries: Sequence[tuple[int, int]], port: int) -> int:
    if not entries:
        return 0
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return 0
    try:
        return sum(_is_at_port(handle, pid, entry, port) for entry in entries)
    finally:
        os.close(handle)


def _is_at_port(handle: int, pid: int, entry: tuple[int, int], port: int) -> bool:
    copied = _copied(handle, pid, *entry)
    if copied is None:
        return False
    with copied:
        if copied.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        return copied.type == socket.SOCK_STREAM and copied.getsockname()[1] == port


def _shut_down(handle: int, connection: Connection) -> bool:
    copied = _copied(handle, connection.pid, connection.descriptor, connection.inode)
    if copied is None:
        return False
    with copied:
        try:
            copied.shutdown(socket.SHUT_RDWR)
        except OSError:
            return False
    return True


def _copied(handle: int, pid: int, descriptor: int, inode: int) -> socket.socket | None:
    """A socket of another process as one of ours; None if it is gone by now."""
    libc = ctypes.CDLL(None, use_errno=True)
    copy = libc.syscall(_PIDFD_GETFD, handle, descriptor, 0)
    if copy < 0:
        number = ctypes.get_errno()
        if number in (errno.EBADF, errno.ESRCH):
            return None
        raise UnavailableError(
            f"A connection of process {pid} cannot be reached ({os.strerror(number)}).",
            remedy="That takes Linux 5.6 and the rights to trace the process: run it as root.",
        )
    if os.fstat(copy).st_ino != inode:
        os.close(copy)  # the number has been given to something else
        return None
    return socket.socket(fileno=copy)


def _sockets_of(pid: int) -> Iterator[tuple[int, int]]:
    folder = _PROC / str(pid) / "fd"
    try:
        entries = list(folder.iterdir())
    except FileNotFoundError:
        return
    except PermissionError as error:
        if not (_PROC / str(pid) / "net" / "tcp").exists():
            return  # it has ended and waits for its parent: what is left of it is root's
        raise UnavailableError(
            f"The connections of process {pid} cannot be looked at: it is another user's.",
            remedy="Run it as root, or as that user.",
        ) from error
    for entry in entries:
        try:
            target = str(entry.readlink())
        except OSError:
            continue  # closed meanwhile
        if target.startswith("socket:["):
            yield int(entry.name), int(target[8:-1])


def _lines_of(pids: Iterable[int], name: str) -> list[str] | None:
    """A table of proc(5), by way of the first of some processes of one network namespace that has
    not ended meanwhile; None where there is none."""
    for pid in pids:
        try:
            lines = (_PROC / str(pid) / "net" / name).read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        if lines:
            return lines
    return None


def _inodes(table: Sequence[str]) -> Iterator[int]:
    """The sockets in a table of proc(5); which column holds them is said in its first line."""
    heading, *lines = table
    # In the tables of IP tx_queue and rx_queue stand over one column, as do two more headings.
    column = 9 if "local_address" in heading else heading.split().index("Inode")
    for line in lines:
        words = line.split()
        if len(words) > column:
            yield int(words[column])


def _established(
    pids: Iterable[int], wanted: Container[int]
) -> Iterator[tuple[int, tuple[Place, Place, bool]]]:
    """Of the network namespace of the processes, by inode (proc(5), ``/proc/net/tcp``)."""
    for name in ("tcp", "tcp6"):
        for line in (_lines_of(pids, name) or [])[1:]:
            words = line.split()
            if words[3] in (_ESTABLISHED, _CLOSE_WAIT) and int(words[9]) in wanted:
                left = words[3] == _CLOSE_WAIT
                yield int(words[9]), (_place(words[1]), _place(words[2]), left)


def _place(text: str) -> Place:
    """``0100007F:1F91`` is 127.0.0.1, port 8081: words of four bytes in the machine's order."""
    digits, _, port = text.partition(":")
    packed = b"".join(
        struct.pack("=I", int(digits[start : start + 8], 16)) for start in range(0, len(digits), 8)
    )
    return _written(str(ipaddress.ip_address(packed))), int(port, 16)


def _written(address: str) -> str:
    """One name for an address: an IPv4 address in IPv6's clothes is itself."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
