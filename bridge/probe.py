"""Whether a bridge that relays nothing would reach the broker."""

from __future__ import annotations

import asyncio
import functools

from pika.adapters.asyncio_connection import AsyncioConnection

from bridge.wire import connection_parameters
from wsmigrate.amqp import AmqpClosedError, BrokerHosts
from wsmigrate.errors import WsmigrateError

_EVERY_S = 1.0


class BrokerProbe:
    """Believes that the broker is there until it is told otherwise, and then tries, in the
    background, until it is."""

    def __init__(self, hosts: BrokerHosts, patience_s: float) -> None:
        self._hosts = hosts
        self._patience_s = patience_s
        self._reached = True
        self._trying: asyncio.Task[None] | None = None

    @property
    def reached(self) -> bool:
        """Whether the broker was there when it was last needed or tried."""
        if not self._reached and (self._trying is None or self._trying.done()):
            self._trying = asyncio.create_task(self._try(), name="broker-probe")
        return self._reached

    def note(self, *, reached: bool) -> None:
        """What others have found."""
        self._reached = reached

    async def stop(self) -> None:
        """End trying."""
        if self._trying is not None:
            await asyncio.wait({self._trying}, timeout=self._patience_s)
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)

    async def _try(self) -> None:
        try:
            connection = await self._hosts.connect(
                lambda url: functools.partial(AsyncioConnection, connection_parameters(url)),
                self._patience_s,
            )
            # A proxy may take connections for a broker that is not there: pika opens one only
            # when the broker has answered.
            await connection.close(1.0)
        except (AmqpClosedError, TimeoutError, WsmigrateError):
            await asyncio.sleep(_EVERY_S)
        else:
            self._reached = True
