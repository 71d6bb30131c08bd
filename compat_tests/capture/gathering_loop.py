"""An event loop for one that listens to many sockets on which little comes.

Each turn of a loop and each read costs about as much as a message. Someone who only listens may
gather for some milliseconds what comes, and takes a broker's messages with one read then, and all
sockets that have something in one turn.
"""

from __future__ import annotations

import asyncio
import selectors
import time

GATHERING_S = 0.01


class _GatheringSelector(selectors.DefaultSelector):
    """Once something has come it waits a little for more."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        if not events or (timeout is not None and timeout <= 0):
            return events
        time.sleep(GATHERING_S)
        return super().select(0)


def gathering_loop() -> asyncio.AbstractEventLoop:
    """A loop that sees what comes up to ``GATHERING_S`` seconds later: times of arrival are that
    rough."""
    return asyncio.SelectorEventLoop(_GatheringSelector())
