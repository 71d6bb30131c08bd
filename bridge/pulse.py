"""Whether the broker at the other end of a connection is still there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from wsmigrate.amqp import AmqpConnection
from wsmigrate.errors import UnavailableError


class Pulse:
    """Asks the broker something small now and then, and waits for the answer.

    AMQP's heartbeats find out as well, but pika gives a peer twice their interval and five seconds
    more each time: too late for a lease. Whatever is delivered counts as an answer, so a broker
    that is merely busy delivering is not given up. While reading is paused nothing is asked.
    """

    def __init__(self, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s = patience_s
        self._clock = clock
        self._felt_at = clock()
        self._paused = False

    def felt(self) -> None:
        """Something came."""
        self._felt_at = self._clock()

    def pause(self) -> None:
        """Nothing is read for the time being, so nothing can be expected."""
        self._paused = True

    def resume(self) -> None:
        """Reading goes on."""
        self._paused = False
        self.felt()

    async def watch(self, connection: AmqpConnection, while_paused: Callable[[], None]) -> None:
        """Until the broker does not answer: UnavailableError, or AmqpClosedError."""
        channel = await connection.channel()
        while True:
            await asyncio.sleep(self._patience_s / 4)
            if self._paused:
                while_paused()
                continue
            # The empty name would make a queue; this exchange every broker has.
            asking = asyncio.ensure_future(
                channel.rpc("exchange_declare", exchange="amq.fanout", passive=True)
            )
            asked_at = self._clock()
            try:
                while not asking.done():
                    since = max(asked_at, self._felt_at)
                    left_s = since + self._patience_s - self._clock()
                    if left_s <= 0 and not self._paused:
                        raise UnavailableError(
                            f"RabbitMQ has said nothing for {self._patience_s:g} s."
                        )
                    await asyncio.wait({asking}, timeout=max(left_s, 0.05))
            finally:
                asking.cancel()
            asking.result()
            self.felt()
