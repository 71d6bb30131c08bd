"""Posts the script over the REST API: in one room one message after the other, rooms at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dev_stack.demo.ledger import Ledger, expected_payload
from dev_stack.demo.site import Account, Site
from dev_stack.demo.texts import SPEAKERS, Line

_MAX_AT_ONCE: Final = 16
_USERS: Final = (
    ("zoe", "Zoë", "Ångström"),
    ("mehmet", "Mehmet", "Öztürk"),
    ("yuki", "雪", "高橋"),
    ("oksana", "Оксана", "Коваль"),
)


@dataclass(frozen=True)
class Chat:
    """A chat of the site and the accounts that speak in it. Its uri is the room."""

    room: str
    speakers: tuple[Account, ...]


async def make_chats(site: Site, count: int, group: str = "") -> list[Chat]:
    """Sign up the users and make ``count`` chats with SPEAKERS members each. Once for each
    ``group``, whose name goes before those of its users."""
    accounts = await asyncio.gather(
        *(site.sign_up(f"{group}{username}", *names) for username, *names in _USERS)
    )
    chats = []
    for number in range(count):
        first = number % len(accounts)
        owner, *others = [accounts[(first + i) % len(accounts)] for i in range(SPEAKERS)]
        room = await site.make_chat(owner)
        for other in others:
            await site.join(room, other)
        chats.append(Chat(room, (owner, *others)))
    return chats


class Load:
    """Posts lines and enters each in the ledger. ``on_post`` is called after each."""

    def __init__(self, site: Site, ledger: Ledger, on_post: Callable[[], None]) -> None:
        self._site = site
        self._ledger = ledger
        self._on_post = on_post
        self._at_once = asyncio.Semaphore(_MAX_AT_ONCE)

    async def post(
        self,
        chat: Chat,
        lines: Sequence[Line],
        before_last: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Post the lines to one chat, each after the answer to the one before. The last one waits
        for ``before_last``."""
        for number, line in enumerate(lines, start=1):
            if before_last is not None and number == len(lines):
                await before_last()
            sender = chat.speakers[line.speaker]
            payload = expected_payload(sender.user, line.text)
            async with self._at_once:
                self._ledger.enter(chat.room, payload, time.perf_counter())
                await self._site.send(chat.room, sender, line.text)
            self._on_post()
