"""Leases: which inboxes this bridge relays, among all bridges of the installation."""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from bridge.database import LayerDatabase, Row

GONE_AFTER_S = 1.5
"""A bridge whose database session has ended, and that was not heard of for so long, is dead."""


def new_owner() -> str:
    """A name for a bridge process, like no other's."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True)
class Holding:
    """What a bridge holds: its inboxes, each with its fence, which counts the holders that it had.

    ``share`` is how many it ought to hold, ``bridges`` how many bridges share the inboxes.
    """

    inboxes: Mapping[str, int] = field(default_factory=dict)
    share: int = 0
    bridges: int = 0


class LeaseSession(LayerDatabase):
    """A connection that tells the database, by an advisory lock, that its owner lives.

    The lock goes with the connection, so that the leases of a process that was killed can be taken
    at once. Behind a pooler that shares connections out it tells nothing, and leases run out.
    """

    def __init__(
        self, owner: str, parameters: Mapping[str, Any], database: str, *, timeout_s: float
    ) -> None:
        super().__init__(parameters, database, name="wsmigrate bridge, leases", timeout_s=timeout_s)
        self.owner = owner

    async def on_connected(self, connection: psycopg.AsyncConnection[Row]) -> None:
        """Take the lock, unless a session that is not over yet has it."""
        await connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended('wsmigrate_bridge ' || %s, 0))",
            (self.owner,),
        )


class LeaseHolder:
    """Takes leases, renews them and gives them back. Times are in seconds.

    The database's clock decides. Locally a lease counts from before it was asked for, so that it
    ends here before it ends there.
    """

    def __init__(
        self,
        session: LeaseSession,
        inboxes: Sequence[str],
        lease_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._inboxes = list(inboxes)
        self._lease_s = lease_s
        self._clock = clock
        self._valid_until = 0.0

    @property
    def owner(self) -> str:
        """Who holds the leases."""
        return self._session.owner

    @property
    def is_valid(self) -> bool:
        """Whether the leases have not run out, as far as this process can know."""
        return self._clock() < self._valid_until

    async def share_out(
        self, keep: Collection[str], *, reaches_broker: bool, said: Mapping[str, Any]
    ) -> Holding:
        """Renew the leases of ``keep``, give the others back, and take what is free of the share.

        ``said`` is shown by ``wsmigrate bridge status``. Raises ConfigError and UnavailableError.
        """
        begun = self._clock()
        rows = await self._session.fetch(
            "SELECT share, bridges, held FROM wsmigrate_share_out("
            "%s, %s::text[], %s::text[], %s, %s, %s, %s, %s, %s::jsonb)",
            (
                self.owner,
                self._inboxes,
                list(keep),
                self._lease_s,
                GONE_AFTER_S,
                reaches_broker,
                socket.gethostname(),
                os.getpid(),
                json.dumps(said),
            ),
        )
        share, bridges, held = rows[0]
        self._valid_until = begun + self._lease_s
        return Holding({inbox: int(fence) for inbox, fence in held.items()}, share, bridges)

    async def leave(self) -> None:
        """Give all leases back. Raises ConfigError and UnavailableError."""
        self._valid_until = 0.0
        await self._session.fetch("SELECT wsmigrate_leave(%s)", (self.owner,))

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()
