"""Who is connected by way of the doors, as a rendered HAProxy knows: room, address and server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from migrate_cli.routers.haproxy import HaproxyDoor
from migrate_cli.routers.port import RouterError
from migrate_cli.routers.render.haproxy import CLIENTS
from wsmigrate.sides import Side

_KEY = re.compile(r" key=(?P<key>\S+) .*\bconn_cur=(?P<open>\d+)")


@dataclass(frozen=True)
class Seen:
    """An open socket: its room, the client's address without the port, and the server."""

    room: str
    address: str
    side: Side


class Census(Protocol):
    """Tells who is connected now, by a name for each socket that no other one has at the time."""

    def clients(self) -> Mapping[str, Seen]:
        """The open sockets. Raises RouterError."""
        ...


@dataclass(frozen=True)
class HaproxyCensus:
    """Joins the table of clients with the list of sessions, of each HAProxy."""

    doors: Sequence[HaproxyDoor]

    def clients(self) -> Mapping[str, Seen]:
        """See Census. Sessions of a worker that a reload left behind are among them as far as it
        answers by the master socket."""
        found: dict[str, Seen] = {}
        for door in self.doors:
            for link in door.workers():
                rooms = rooms_by_client(link.ask(f"show table {CLIENTS}").splitlines())
                for session in link.open_sessions():
                    side = door.side_of(session)
                    if side is not None and session.client in rooms:
                        address = session.client.rpartition(":")[0]
                        name = f"{door.name} {session.client}"
                        found[name] = Seen(rooms[session.client], address, side)
        return found

    def is_offered(self) -> bool:
        """Whether these doors have the table, which is so where wsmigrate rendered them."""
        try:
            for door in self.doors:
                door.socket.ask(f"show table {CLIENTS}")
        except RouterError:
            return False
        return True


def rooms_by_client(lines: Iterable[str]) -> dict[str, str]:
    """The rooms in ``show table clients``: by address and port of the client."""
    found = {}
    for line in lines:
        entry = _KEY.search(line.replace("\\ ", " "))
        if entry and int(entry["open"]):
            client, _, digits = entry["key"].partition("|")
            found[client] = bytes.fromhex(digits).decode("utf-8", "replace")
    return found
