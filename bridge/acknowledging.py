"""Acknowledgements to the broker, of many deliveries at once where that is as good."""

from __future__ import annotations

import asyncio

from wsmigrate.amqp import AmqpChannel

_AT_LATEST_S = 1.0


class Acknowledger:
    """Acknowledges what was relayed: all up to a tag, once ``every`` deliveries are due, and what
    is left a second later.

    Each one costs the broker more than a message of a busy inbox does. To a queue it says that a
    message may be forgotten, so ``every`` is 1. To a stream it says only that more may be
    delivered: where the relay stands, the cursor knows. Nothing stays unacknowledged for long
    though: RabbitMQ closes the channel over a delivery that is 30 minutes old
    (``consumer_timeout``).
    """

    def __init__(self, channel: AmqpChannel, every: int) -> None:
        self._channel = channel
        self._every = every
        self._told = 0
        self._due = 0
        self._later: asyncio.TimerHandle | None = None

    def __call__(self, tag: int) -> None:
        """All deliveries up to this tag are relayed."""
        self._due = tag
        if tag - self._told >= self._every:
            self._tell()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(_AT_LATEST_S, self._tell)

    def _tell(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._channel.raw.is_open:
            self._channel.raw.basic_ack(self._due, multiple=True)
            self._told = self._due
