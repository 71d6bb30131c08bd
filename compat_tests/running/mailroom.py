"""Publishes for all cases, and knows to which room a message belongs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from compat_tests.publishers import Publisher
from wsmigrate.errors import UnavailableError
from wsmigrate.rooms import RoomError, room_of_path


class Mailroom:
    """Publishes for all cases, one after the other, and remembers what went to which room."""

    def __init__(self, publisher: Publisher | None, new: Callable[[], Publisher] | None) -> None:
        self._publisher = publisher
        self._new = new
        self._lock = asyncio.Lock()
        self.rooms: dict[bytes, str] = {}

    @property
    def is_there(self) -> bool:
        """Whether anything can be published."""
        return self._publisher is not None

    async def publish(self, room: str, payloads: Sequence[bytes]) -> None:
        """Publish. Raises UnavailableError."""
        if self._publisher is None:
            raise UnavailableError("There is no way to publish.")
        for payload in payloads:
            self.remember(room, payload)
        async with self._lock:
            await asyncio.to_thread(self._publisher.publish, room, payloads)

    async def publish_at_once(self, room: str, publishers: Sequence[Sequence[bytes]]) -> None:
        """Publish by as many publishers of their own at the same time."""
        if self._new is None:
            raise UnavailableError("There is no way to publish.")
        for payload in (one for payloads in publishers for one in payloads):
            self.remember(room, payload)
        own = [self._new() for _ in publishers]
        try:
            await asyncio.gather(
                *(
                    asyncio.to_thread(one.publish, room, payloads)
                    for one, payloads in zip(own, publishers, strict=True)
                )
            )
        finally:
            for one in own:
                await asyncio.to_thread(one.close)

    def remember(self, room: str, payload: bytes) -> None:
        """A message that two rooms got tells nothing of where it belongs."""
        known = self.rooms.setdefault(payload, room)
        if known != room:
            self.rooms[payload] = ""


def room_of_client(path: str) -> str:
    """The room that a path names; of one that names none the path itself."""
    try:
        return room_of_path(path.partition("?")[0].encode("utf-8"))
    except RoomError:
        return path
