"""Whether the broker at the other end of a connection is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wsmigrate.amqp import AmqpConnection
from wsmigrate.errors import UnavailableError
from wsmigrate.patience import SLICES


class Pulse:
    """Asks the broker something small now and then, and waits for the answer.

    AMQP's heartbeats find out as well, but pika gives a peer twice their interval and five seconds
    more each time: too late for a lease. Whatever is delivered counts as an answer, so a broker
    that is merely busy delivering is not given up. While reading is paused nothing is asked.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._silent_slices = 0
        self._paused = False

    def felt(self) -> None:
        """Something came."""
        self._silent_slices = 0

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
            self.felt()
            try:
                while not asking.done():
                    # In slices, as in wsmigrate.patience: what this process slept does not count.
                    await asyncio.wait({asking}, timeout=self._patience_s / SLICES)
                    self._silent_slices += not self._paused
                    if self._silent_slices > SLICES and not asking.done():
                        raise UnavailableError(
                            f"RabbitMQ has said nothing for {self._patience_s:g} s."
                        )
            finally:
                asking.cancel()
            asking.result()
            self.felt()
