"""One timer for the deadlines of many futures."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

_Watched = tuple[float, "weakref.ref[asyncio.Future[Any]]"]


class Deadlines:
    """Gives futures up that are not done ``timeout_s`` seconds after they were watched.

    They all have the same time, so those that come first are due first: a queue and one timer per
    event loop do, where ``asyncio.timeout`` has a timer for each, which is most of what a send
    costs.

    The futures are held weakly. They hold their event loops, of which ``async_to_sync`` makes one
    for each call and which may be closed before the timer is due.
    """

    def __init__(self, timeout_s: float, error: Callable[[], Exception]) -> None:
        self._timeout_s = timeout_s
        self._error = error
        self._queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, deque[_Watched]] = (
            weakref.WeakKeyDictionary()
        )

    def watch(self, future: asyncio.Future[Any], loop: asyncio.AbstractEventLoop) -> None:
        """Have a future of the running event loop fail with the error, in time. Up to a second
        late."""
        queue = self._queues.get(loop)
        if queue is None:
            queue = self._queues[loop] = deque()
        if not queue:
            loop.call_later(1.0, self._look, loop)
        queue.append((loop.time() + self._timeout_s, weakref.ref(future)))

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        queue = self._queues[loop]
        now = loop.time()
        while queue:
            due, reference = queue[0]
            future = reference()
            is_waited_for = future is not None and not future.done()
            if is_waited_for and due > now:
                break
            queue.popleft()
            if future is not None and is_waited_for:
                future.set_exception(self._error())
        if queue:
            loop.call_later(1.0, self._look, loop)
