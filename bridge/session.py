"""One session of an inbox: from a connection of its own to that connection's end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bridge.acknowledging import Acknowledger
from bridge.delivery import Delivery
from bridge.inbox import InboxRelay
from bridge.pulse import Pulse
from bridge.reading import Reading
from bridge.wire import TolerantConnection, connection_parameters
from wsmigrate.amqp import AmqpChannel, AmqpClosedError, AmqpConnection, BrokerHosts
from wsmigrate.errors import UnavailableError
from wsmigrate.patience import within

Claim = Callable[[AmqpConnection], Awaitable[bool]]
"""Makes sure that the inbox is this site's; whether it exists."""

_FINISH_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0


class InboxCancelledError(UnavailableError):
    """RabbitMQ has ended the delivery of an inbox."""


class InboxSession:
    """Consumes one inbox into its relay, until something ends it.

    ``patience_s``: a broker that says nothing for so long, though it was asked, is taken for gone.
    ``connect_within_s``: and one that takes so long to be connected to, or to begin to deliver.
    """

    def __init__(
        self,
        hosts: BrokerHosts,
        relay: InboxRelay,
        reading: Reading,
        claim: Claim,
        *,
        patience_s: float,
        connect_within_s: float,
    ) -> None:
        self._hosts = hosts
        self._relay = relay
        self._reading = reading
        self._claim = claim
        self._patience_s = patience_s
        self._connect_within_s = connect_within_s
        self._raw: list[TolerantConnection] = []
        self._pulse = Pulse(patience_s)
        self._failed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.has_begun = False
        """Whether the broker has begun to deliver."""
        self.unreadable: Exception | None = None
        """What was raised over the broker's input, if that broke the connection."""

    @property
    def heard_new(self) -> bool:
        """Whether a message behind the cursor was delivered."""
        return self._reading.heard_new

    async def run(
        self, stop: asyncio.Event, on_consuming: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        """Return after ``stop``, with the batch in hand relayed. ``on_end`` is called as soon as
        the session is over, before the last of it is relayed.

        Raises whatever ended the session else: AmqpClosedError, TimeoutError, InboxCancelledError,
        CursorBeyondEndError, OtherSitesInboxError, and CursorMovedError from the relay. What was
        delivered before is relayed first, as far as the layer takes it within ten seconds.
        """
        connection = await self._connected(stop)
        if connection is None:
            return
        try:
            beginning = asyncio.ensure_future(self._begin(connection))
            channel = await within(self._connect_within_s, beginning)
            self.has_begun = True
            self._relay.acknowledge_with(Acknowledger(channel, self._reading.acknowledge_every))
            self._relay.when_there_is_room(self._resume)
            channel.closed.add_done_callback(self._channel_closed)
            channel.raw.add_on_cancel_callback(self._cancelled)
            on_consuming()
            await self._relay_until_ended(connection, stop, on_end)
        finally:
            self._resume()  # the broker's answer to the close has to be read
            await connection.close(_CLOSE_TIMEOUT_S)

    async def _begin(self, connection: AmqpConnection) -> AmqpChannel:
        """Nothing is read of an inbox that may be another site's."""
        is_there = await self._claim(connection)
        channel = await self._reading.begin(connection, self._on_delivery, self._fail)
        if not is_there:
            await self._claim(connection)
        return channel

    async def _connected(self, stop: asyncio.Event) -> AmqpConnection | None:
        """A connection; None after ``stop``, for a broker that does not answer takes its time."""
        connecting = asyncio.create_task(self._hosts.connect(self._factory, self._connect_within_s))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return connecting.result() if connecting.done() else None
        finally:
            for task in (connecting, stopping):
                task.cancel()
            await asyncio.gather(connecting, stopping, return_exceptions=True)

    def _factory(self, url: str) -> Any:
        # So that the broker notices a bridge that is frozen or cut off about when its lease ends.
        parameters = connection_parameters(url, heartbeat_s=max(2, round(self._patience_s)))

        def make(**callbacks: Any) -> TolerantConnection:
            raw = TolerantConnection(parameters, on_unreadable=self._note_unreadable, **callbacks)
            self._raw[:] = [raw]
            return raw

        return make

    async def _relay_until_ended(
        self, connection: AmqpConnection, stop: asyncio.Event, on_end: Callable[[], None]
    ) -> None:
        relaying = asyncio.create_task(self._relay.run())
        stopped = asyncio.create_task(stop.wait())
        tasks: list[asyncio.Task[Any]] = [
            relaying,
            stopped,
            asyncio.create_task(self._reading.watch(connection)),
            asyncio.create_task(self._watch_pulse(connection)),
        ]
        try:
            ends: list[asyncio.Future[Any]] = [relaying, stopped, self._failed]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            on_end()
            if stop.is_set():
                self._relay.finish()
            else:
                self._relay.finish_when_empty()
            await asyncio.wait([relaying], timeout=_FINISH_TIMEOUT_S)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]
        if self._failed.done() and not stop.is_set():
            raise self._failed.result()

    async def _watch_pulse(self, connection: AmqpConnection) -> None:
        try:
            await self._pulse.watch(connection, self._excuse_silence)
        except (AmqpClosedError, UnavailableError) as error:
            self._fail(error)

    def _excuse_silence(self) -> None:
        for raw in self._raw:
            raw.excuse_silence()

    def _on_delivery(self, delivery: Delivery) -> None:
        self._pulse.felt()
        self._relay.put(delivery)
        if self._relay.is_full:
            self._pulse.pause()
            for raw in self._raw:
                raw.pause_reading()

    def _resume(self) -> None:
        self._pulse.resume()
        for raw in self._raw:
            raw.resume_reading()

    def _cancelled(self, _method: Any) -> None:
        self._fail(
            InboxCancelledError(
                f"RabbitMQ ended the delivery of {self._relay.inbox}: it was deleted or its "
                "leader moved."
            )
        )

    def _channel_closed(self, closed: asyncio.Future[object]) -> None:
        self._fail(AmqpClosedError(closed.result()))

    def _note_unreadable(self, error: Exception) -> None:
        self.unreadable = error

    def _fail(self, error: Exception) -> None:
        if not self._failed.done():
            self._failed.set_result(error)
