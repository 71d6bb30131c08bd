"""The writer while its database answers nobody."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from channels_ws.layers.entries import Entry
from channels_ws.layers.errors import NotSentError
from channels_ws.layers.log_connection import LogConnection, RetryError
from channels_ws.layers.writer import Writer


class Entries(list[Entry]):
    """A list that can be watched."""


@pytest.fixture
def frozen() -> Iterator[threading.Event]:
    thawed = threading.Event()
    yield thawed
    thawed.set()


async def test_what_was_given_up_is_not_kept(frozen: threading.Event) -> None:
    """A database may be frozen for hours, and publishers go on."""

    connecting = asyncio.Event()
    loop = asyncio.get_running_loop()

    def connect() -> LogConnection:
        loop.call_soon_threadsafe(connecting.set)
        frozen.wait(60)
        raise RetryError("thawed")

    writer = Writer(connect, timeout_s=0.1)
    sent: list[weakref.ref[Entries]] = []

    async def send() -> None:
        entries = Entries([Entry("groom", b"x" * 1000)])
        sent.append(weakref.ref(entries))
        with pytest.raises(NotSentError):
            await writer.append(entries)

    in_hand = asyncio.create_task(send())
    await connecting.wait()
    await asyncio.gather(in_hand, *(send() for _ in range(100)))
    gc.collect()
    assert sum(entries() is not None for entries in sent[1:]) == 0
    writer.close()
