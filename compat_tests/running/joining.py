"""Opens the clients of a case on both servers."""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Sequence

from compat_tests.capture.client import NoConnectionError, WireClient
from compat_tests.capture.request import Request
from compat_tests.cases.case import Client
from compat_tests.running.mailroom import room_of_client
from compat_tests.running.options import RunOptions, Side
from compat_tests.running.patience import Patience
from compat_tests.running.seats import Bell, Seat

_REPLICAS = 2
_AT_ONCE = 5
_ALPHABET = string.ascii_lowercase + "234567"


class Joining:
    """The clients of one case. ``{a}`` to ``{e}`` in their paths are names that are new for it."""

    def __init__(
        self,
        clients: Sequence[Client],
        options: RunOptions,
        patience: Patience,
        bell: Bell,
        began: float,
    ) -> None:
        self._clients = {client.name: client for client in clients}
        self._options = options
        self._patience = patience
        self._bell = bell
        self._began = began
        self._names = {
            letter: "parity" + "".join(secrets.choice(_ALPHABET) for _ in range(20)) + letter
            for letter in "abcde"
        }

    def room(self, name: str) -> str:
        """The room of a client: that of the old server."""
        return room_of_client(self._path(self._clients[name], Side.LEGACY))

    async def join(self, names: Sequence[str]) -> list[Seat]:
        """Open these clients, some at a time; the seats stand in the order of the names."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def join_one(name: str) -> list[Seat]:
            async with turns:
                return await self._join(self._clients[name])

        joined = await asyncio.gather(*(join_one(name) for name in names))
        return [seat for seats in joined for seat in seats]

    async def _join(self, client: Client) -> list[Seat]:
        wanted = [(side, replica) for replica in range(1, _REPLICAS + 1) for side in Side]
        wires = await asyncio.gather(*(self._open(client, side) for side, _ in wanted))
        room = self.room(client.name)
        return [
            Seat(client.name, side, replica, room, wire)
            for (side, replica), wire in zip(wanted, wires, strict=True)
        ]

    async def _open(self, client: Client, side: Side) -> WireClient:
        server = self._options.servers[side]
        request = Request(
            self._path(client, side),
            (*server.headers, *client.headers),
            client.subprotocols,
            client.offers_deflate,
            client.upgrades,
            client.version,
        )
        try:
            wire = await WireClient.open(
                request,
                server.target,
                began=self._began,
                changed=self._bell.ring,
                tls=server.tls,
                answer_s=self._patience.handshake_s(side),
            )
        except NoConnectionError:  # it was there a moment ago: that is an outcome too
            return WireClient(request, server.target, began=self._began)
        if not wire.opened.done():
            self._patience.was_not_answered(side)
        return wire

    def _path(self, client: Client, side: Side) -> str:
        path = client.path
        for letter, name in self._names.items():
            path = path.replace(f"{{{letter}}}", name)
        return self._options.servers[side].target.full_path(path)
