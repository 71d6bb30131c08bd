"""What the greenlet that owns a WebSocket waits for.

uWSGI allows its WebSocket functions only in the greenlet of the request, so everything that is to
happen to a socket goes through that greenlet's mailbox.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass, field
from typing import Union

from gevent.event import Event


@dataclass(frozen=True)
class Delivery:
    """A message of the room: its body, and the AMQP delivery tag that acknowledges it."""

    tag: int
    body: bytes = field(repr=False)


class Notice(enum.Enum):
    """Something other than a message."""

    READABLE = "the client sent something, or left"
    BROKER_GONE = "no more messages will come"


Item = Union[Delivery, Notice]


class Mailbox:
    """Filled by any greenlet, emptied by one.

    Order: what the client sent comes first, so that a client that leaves is noticed ahead of the
    messages that wait for it; then messages in the order of their arrival; the broker's end last.
    The prefetch bounds how many messages wait.
    """

    def __init__(self) -> None:
        self._readable = False
        self._deliveries: deque[Delivery] = deque()
        self._broker_gone = False
        self._filled = Event()

    def readable(self) -> None:
        self._readable = True
        self._filled.set()

    def deliver(self, delivery: Delivery) -> None:
        self._deliveries.append(delivery)
        self._filled.set()

    def broker_gone(self) -> None:
        self._broker_gone = True
        self._filled.set()

    def take(self, timeout_s: float) -> Item | None:
        """The next item; None if there was none for that long."""
        item = self._pop()
        if item is None:
            self._filled.clear()
            self._filled.wait(timeout_s)
            item = self._pop()
        return item

    def _pop(self) -> Item | None:
        if self._readable:
            self._readable = False
            return Notice.READABLE
        if self._deliveries:
            return self._deliveries.popleft()
        return Notice.BROKER_GONE if self._broker_gone else None
