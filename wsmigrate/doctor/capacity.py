"""Whether the site can hold the sockets that are expected, and PostgreSQL the connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wsmigrate.doctor.findings import Finding, Level

SERVER_CONNECTIONS = 4
"""Of each process of the new server: two of the layer, its state, its bound rooms."""
BRIDGE_CONNECTIONS = 4
"""Of each bridge: leases, dead letters, two of the layer."""
PUBLISHER_CONNECTIONS = 2
"""Of each process that calls notify(): its state, and sending to the layer."""
OPERATOR_CONNECTIONS = 4
"""A command, its lock, and the gates."""


@dataclass(frozen=True)
class Expected:
    """What the site is to hold: sockets in all, and processes of each kind."""

    sockets: int = 1000
    servers: int = 2
    bridges: int = 1
    publishers: int = 4

    @property
    def connections(self) -> int:
        """PostgreSQL connections of wsmigrate, whatever the number of sockets."""
        return (
            self.servers * SERVER_CONNECTIONS
            + self.bridges * BRIDGE_CONNECTIONS
            + self.publishers * PUBLISHER_CONNECTIONS
            + OPERATOR_CONNECTIONS
        )


@dataclass(frozen=True)
class Connections:
    """PostgreSQL's: ``most`` that are not reserved, of which ``others`` are taken by programs that
    are not wsmigrate. ``role`` and ``database`` are limits of their own; below 0: none."""

    most: int
    others: int
    role: int = -1
    database: int = -1


def of_connections(expected: Expected, found: Connections) -> Iterator[Finding]:
    """Whether the connections are enough."""
    need = expected.connections
    left = found.most - found.others
    what = (
        f"{need} connections are needed for {expected.servers} servers, {expected.bridges} "
        f"bridges, {expected.publishers} publishers and a command; {left} of {found.most} are left "
        "by others."
    )
    if left < need:
        remedy = "Raise max_connections of PostgreSQL, or run fewer processes."
        yield Finding("connections", Level.MEND, what, remedy)
    else:
        yield Finding("connections", Level.GOOD, what)
    for limit, whose in ((found.role, "role"), (found.database, "database")):
        if 0 <= limit < need:
            yield Finding(
                "connections",
                Level.MEND,
                f"The {whose} may have {limit} connections, and {need} are needed.",
                f"ALTER {whose.upper()} … CONNECTION LIMIT {need} or more.",
            )


def of_sockets(expected: Expected, max_sockets: int) -> Iterator[Finding]:
    """Whether the new server lets so many in."""
    total = expected.servers * max_sockets
    what = (
        f"{expected.servers} servers take {total} sockets (MAX_SOCKETS is {max_sockets}), and "
        f"{expected.sockets} are expected."
    )
    if total < expected.sockets:
        remedy = "Raise WSMIGRATE['MAX_SOCKETS'], or run more servers."
        yield Finding("sockets", Level.MEND, what, remedy)
    else:
        yield Finding("sockets", Level.GOOD, what)


def of_open_files(expected: Expected, hard_limit: int) -> Iterator[Finding]:
    """Whether a process may open a file for each of its sockets. ``hard_limit`` below 0: none."""
    each = -(-expected.sockets // max(1, expected.servers))
    need = each + 200  # connections of its own, modules, logs
    shown = "any number of" if hard_limit < 0 else str(hard_limit)
    what = f"A process may open {shown} files here, and {need} are needed for {each} sockets."
    if 0 <= hard_limit < need:
        remedy = "Raise it where the server is started, as LimitNOFILE=65536 in its systemd unit."
        yield Finding("open files", Level.MEND, what, remedy)
    else:
        yield Finding("open files", Level.GOOD, what)
