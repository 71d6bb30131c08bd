"""An awaitable view of pika's callback connection.

pika itself is not imported: the caller hands in how a connection is opened, so the core stays
within the standard library, and the binder and the bridge share one way of speaking AMQP.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Callable, Protocol

from wsmigrate.patience import within

_CLOSED_BY_BROKER = re.compile(r"ConnectionClosedByBroker: \((\d+)\) (.*)", re.DOTALL)
_PASSES = re.compile(r"is down|limit \(\d+\) is reached")


class AmqpClosedError(Exception):
    """The connection or the channel is closed. ``reply_code`` is AMQP's (404, 406, ...), or 0 when
    there was none, as for a connection that broke; ``reason`` is what pika said."""

    def __init__(self, reason: object) -> None:
        self.reason = reason
        self.reply_code = int(getattr(reason, "reply_code", 0) or 0)
        super().__init__(_text_of(reason))

    @property
    def is_refused_login(self) -> bool:
        """Whether the broker has said that this user may not enter, or not this vhost.

        pika takes every connection that ends before it is open for a "probable" refusal, one that
        was cut as well. What the broker said is in the text: 403 for the login, 530 for the vhost,
        but also for a vhost that is down or full, which are states that pass.
        """
        if type(self.reason).__name__ == "AuthenticationError":  # no mechanism that both know
            return True
        said = _CLOSED_BY_BROKER.search(str(self))
        if said is None:
            return False
        code, text = said.groups()
        return code == "403" or (code == "530" and not _PASSES.search(text))


class ConnectionFactory(Protocol):
    """Begins to open a connection and returns it, as pika's AsyncioConnection does."""

    def __call__(
        self, *, on_open_callback: Any, on_open_error_callback: Any, on_close_callback: Any
    ) -> Any: ...


class AmqpConnection:
    """A connection to a broker. ``closed`` is done once it is gone, with the reason as result."""

    def __init__(self, connection: Any, closed: asyncio.Future[object]) -> None:
        self._connection = connection
        self.closed = closed

    @classmethod
    async def open(cls, factory: ConnectionFactory, timeout_s: float) -> AmqpConnection:
        """Connect. Raises AmqpClosedError or TimeoutError."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[object] = loop.create_future()
        closed: asyncio.Future[object] = loop.create_future()

        def on_open(connection: Any) -> None:
            if opened.done():
                _close(connection)  # it is late, and nobody waits for it any more
            else:
                opened.set_result(None)

        raw = factory(
            on_open_callback=on_open,
            on_open_error_callback=lambda _connection, reason: _fail(opened, reason),
            on_close_callback=lambda _connection, reason: _resolve(closed, reason),
        )
        # One that is given up is left to pika's own time limits: to close it while it connects
        # makes pika 1.4 raise an AssertionError in the event loop.
        await within(timeout_s, opened)
        return cls(raw, closed)

    async def channel(self) -> AmqpChannel:
        """Open a channel. Raises AmqpClosedError, also where the connection has no more."""
        if not self._connection.is_open:
            raise AmqpClosedError("the connection is closed")
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        try:
            raw = self._connection.channel(on_open_callback=lambda _channel: _resolve(opened, None))
        except Exception as error:  # as pika's NoFreeChannels, which is not to be imported here
            raise AmqpClosedError(error) from error
        channel = AmqpChannel(raw, self.closed)
        await channel.unless_closed(opened)
        return channel

    def begin_to_close(self) -> None:
        """Close in an orderly way, without waiting for it."""
        _close(self._connection)

    async def close(self, timeout_s: float = 2.0) -> None:
        """Close in an orderly way, for as long as ``timeout_s``."""
        _close(self._connection)
        await asyncio.wait({self.closed}, timeout=timeout_s)


class BrokerHosts:
    """The hosts of a broker, by URL: of which any will do. The one that worked last comes first."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = list(urls)
        self.have_worked = False
        """Whether one of them has taken a connection yet."""

    @property
    def first(self) -> str:
        """The URL that is tried first."""
        return self._urls[0]

    async def connect(
        self, factory_of: Callable[[str], ConnectionFactory], timeout_s: float
    ) -> AmqpConnection:
        """A connection to one of them, each being tried for ``timeout_s``.

        Raises what the last one failed with: AmqpClosedError or TimeoutError; and what
        ``factory_of`` raises.
        """
        urls = tuple(self._urls)
        for number, url in enumerate(urls, 1):
            try:
                connection = await AmqpConnection.open(factory_of(url), timeout_s)
            except (AmqpClosedError, TimeoutError, asyncio.TimeoutError):
                if number == len(urls):
                    raise
            else:
                self._urls.remove(url)
                self._urls.insert(0, url)
                self.have_worked = True
                return connection
        raise ValueError("a broker has at least one host")


class AmqpChannel:
    """A channel. ``closed`` is done once it or its connection is gone; its result is the reason."""

    def __init__(self, channel: Any, connection_closed: asyncio.Future[object]) -> None:
        self.raw = channel
        self.closed: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        channel.add_on_close_callback(lambda _channel, reason: _resolve(self.closed, reason))
        connection_closed.add_done_callback(self._connection_closed)
        # A channel that is closed does not stay in memory for as long as its connection.
        self.closed.add_done_callback(
            lambda _closed: connection_closed.remove_done_callback(self._connection_closed)
        )

    async def rpc(self, method: str, **arguments: Any) -> Any:
        """Call a method of the channel that has a ``callback`` and wait for the broker's answer.

        Answers come in the order of the calls. Raises AmqpClosedError when the broker refuses, for
        it does so by closing the channel (AMQP 0-9-1, 4.8).
        """
        self._check_open()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        getattr(self.raw, method)(callback=lambda frame: _resolve(answer, frame), **arguments)
        return await self.unless_closed(answer)

    def tell(self, method: str, **arguments: Any) -> None:
        """Call a method of the channel without an answer (``nowait``, as pika 1 does without a
        callback). What the broker refuses closes the channel, and so fails the next ``rpc``.

        Raises AmqpClosedError.
        """
        self._check_open()
        getattr(self.raw, method)(**arguments)

    def _check_open(self) -> None:
        if self.closed.done():
            raise AmqpClosedError(self.closed.result())
        if not self.raw.is_open:
            raise AmqpClosedError("the channel is being closed")

    def _connection_closed(self, closed: asyncio.Future[object]) -> None:
        if not closed.cancelled():
            _resolve(self.closed, closed.result())

    async def unless_closed(self, awaited: asyncio.Future[Any]) -> Any:
        """The result of ``awaited``; AmqpClosedError if the channel closes first."""
        await asyncio.wait({awaited, self.closed}, return_when=asyncio.FIRST_COMPLETED)
        if awaited.done():
            return awaited.result()
        awaited.cancel()
        raise AmqpClosedError(self.closed.result())


def _text_of(reason: object) -> str:
    """pika says nothing of a connection that it could not set up, as for a certificate that does
    not suit, except in the exceptions of its tries."""
    tries = getattr(reason, "exceptions", None)
    if tries and not str(reason):
        return f"{type(reason).__name__}: {tries[-1]!r}"
    return str(reason) or type(reason).__name__


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], reason: object) -> None:
    if not future.done():
        future.set_exception(AmqpClosedError(reason))


def _close(connection: Any) -> None:
    if not (connection.is_closing or connection.is_closed):
        connection.close()
