"""All clients of a demo: those that stay on one server, and those of the front door."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from dev_stack.demo.clients import Listener
from dev_stack.demo.door import DoorClient
from dev_stack.demo.figures import SERVERS, Heard, Step
from dev_stack.demo.ledger import Ledger
from dev_stack.demo.plan import DOOR_CLIENTS_PER_ROOM
from dev_stack.demo.together import together
from dev_stack.demo.watch import Watch

_OPEN_AT_ONCE: Final = 10


class Audience:
    """``clients`` listeners on each server, spread evenly over the rooms, and
    DOOR_CLIENTS_PER_ROOM of the front door in each room."""

    def __init__(self, rooms: Sequence[str], clients: int, ledger: Ledger, watch: Watch) -> None:
        self._places = [rooms[number % len(rooms)] for number in range(clients)]
        self._ledger = ledger
        self._watch = watch
        self._fixed: dict[str, list[Listener]] = {server: [] for server in SERVERS}
        self._door: list[DoorClient] = []
        self._rooms = list(rooms)

    @property
    def clients_of_rooms(self) -> Counter[str]:
        """How many fixed clients each server has in each room."""
        return Counter(self._places)

    @property
    def door_clients(self) -> int:
        """How many clients the front door has."""
        return len(self._rooms) * DOOR_CLIENTS_PER_ROOM

    async def open(self, urls: Mapping[str, str], front_url: str) -> None:
        """Connect everybody; ``urls`` are those of SERVERS."""
        at_once = asyncio.Semaphore(_OPEN_AT_ONCE)
        self._door = [
            DoorClient(front_url, room, self._watch)
            for room in self._rooms
            for _ in range(DOOR_CLIENTS_PER_ROOM)
        ]

        async def open_fixed(server: str, room: str) -> None:
            async with at_once:
                listener = await Listener.open(urls[server], room, self._watch)
            self._watch.follow(listener, server)
            self._fixed[server].append(listener)

        async def open_door(client: DoorClient) -> None:
            async with at_once:
                await client.open()

        await together(
            *(open_fixed(server, room) for server in SERVERS for room in self._places),
            *(open_door(client) for client in self._door),
        )

    async def close(self) -> None:
        """Disconnect everybody."""
        fixed = [listener for listeners in self._fixed.values() for listener in listeners]
        closing = [listener.close() for listener in fixed]
        closing += [client.close() for client in self._door]
        await asyncio.gather(*closing)

    def door_clients_of(self, room: str) -> list[DoorClient]:
        """The front door's clients in a room."""
        return [client for client in self._door if client.room == room]

    def prepare_to_move(self) -> None:
        """Say to the front door's clients that they will move, between two posts."""
        for client in self._door:
            client.prepare_to_move()

    async def all_in(self, quiet_s: float) -> bool:
        """Wait until everybody has as many frames as were posted: True; or until no frame has come
        for ``quiet_s`` seconds: False."""
        return await self._watch.until(self._all_have_come, quiet_s)

    def step(self, percent: int) -> Step:
        """Where the front door's clients are now."""
        servers = Counter(client.server for client in self._door)
        return Step(percent, servers[SERVERS[0]], servers[SERVERS[1]])

    def heard(self) -> tuple[dict[str, list[Heard]], list[Heard]]:
        """What the fixed clients of each server got, and what those of the front door got."""
        fixed = {
            server: [Heard(one.room, tuple(one.arrivals)) for one in listeners]
            for server, listeners in self._fixed.items()
        }
        return fixed, [Heard(client.room, tuple(client.got)) for client in self._door]

    def _all_have_come(self) -> bool:
        return all(
            len(listener.arrivals) >= self._ledger.count(listener.room)
            for listeners in self._fixed.values()
            for listener in listeners
        ) and all(len(client.got) >= self._ledger.count(client.room) for client in self._door)
