"""The room binder: makes sure that what is published to a room reaches the room's inbox."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import random
import socket
import uuid

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from channels_ws.binding import BindingSession
from wsmigrate.amqp import AmqpClosedError, AmqpConnection
from wsmigrate.config import Config, redacted_url
from wsmigrate.errors import UnavailableError

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10.0
_FIRST_BACKOFF_S = 0.2
_MAX_BACKOFF_S = 5.0


class BindError(UnavailableError):
    """A room could not be bound in time, so a client that joined it would miss messages."""


class RoomBinder:
    """Binds the exchanges of live rooms to their inboxes, over one connection per process.

    Every process binds with a routing key of its own, which a fanout exchange ignores: it delivers
    one copy all the same, and a process that unbinds does not take the room from another. After a
    broker restart, when exchanges and bindings are gone, the live rooms are bound again; what is
    published before that is not relayed, and a warning says for how long.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._key = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._live: dict[str, asyncio.Task[None]] = {}
        self._session: BindingSession | None = None
        self._changed = asyncio.Condition()
        self._supervisor: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect, and stay connected until ``stop``."""
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._stay_connected(), name="room-binder")

    async def stop(self) -> None:
        """Unbind the live rooms of this process, as far as the broker answers, and disconnect."""
        if self._supervisor is None:
            return
        await asyncio.gather(*(self.unbind(room) for room in list(self._live)))
        self._supervisor.cancel()
        await asyncio.gather(self._supervisor, return_exceptions=True)
        self._supervisor = None

    async def bind(self, room: str) -> None:
        """Return once the broker has confirmed that the room's exchange exists and is bound.

        From then on every message published to the room reaches its inbox, whether a bridge is up
        or not. Concurrent calls for one room share one answer. Raises BindError.
        """
        task = self._live.get(room)
        if task is None or task.cancelled() or (task.done() and task.exception() is not None):
            task = self._live[room] = asyncio.create_task(self._bind(room))
        try:
            await asyncio.wait_for(asyncio.shield(task), self._config.bind_timeout_s)
        except (TimeoutError, AmqpClosedError) as error:
            raise BindError(
                f"A room could not be bound within {self._config.bind_timeout_s:g} s: RabbitMQ at "
                f"{redacted_url(self._config.amqp_url)} does not answer ({error or 'timeout'}).",
                then="Its client is refused with 503.",
            ) from error

    async def unbind(self, room: str) -> None:
        """Take this process's binding of the room back. The exchange stays: publishers use it."""
        task = self._live.pop(room, None)
        if task is not None:
            task.cancel()
        session = self._session
        if session is None:
            return
        try:
            await asyncio.wait_for(session.unbind(room), self._config.bind_timeout_s)
        except (AmqpClosedError, TimeoutError) as error:
            logger.info("A room was not unbound: %s", error or "timeout")

    async def _bind(self, room: str) -> None:
        """Bind on the present connection, or on the next one if it breaks meanwhile."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._session is not None)
                session = self._session
            if session is None:
                continue
            try:
                await session.bind(room)
            except AmqpClosedError:
                if not session.connection.closed.done():
                    raise  # the broker refused this room
                await self._set_session(None, only_if=session)
            else:
                return

    async def _stay_connected(self) -> None:
        backoff = _FIRST_BACKOFF_S
        loop = asyncio.get_running_loop()
        lost_at: float | None = None
        while True:
            try:
                session = await self._connect()
                await self._rebind(session, lost_at)
            except (AmqpClosedError, TimeoutError, OSError) as error:
                logger.warning(
                    "RabbitMQ at %s cannot be reached (%s). New rooms wait; trying again in %.1f s",
                    redacted_url(self._config.amqp_url),
                    str(error) or type(error).__name__,
                    backoff,
                )
                await asyncio.sleep(backoff * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
                backoff = min(backoff * 2, _MAX_BACKOFF_S)
                continue
            backoff = _FIRST_BACKOFF_S
            await self._set_session(session)
            try:
                reason = await asyncio.shield(session.connection.closed)
            except asyncio.CancelledError:
                await session.connection.close()
                raise
            lost_at = loop.time()
            await self._set_session(None)
            logger.warning("The connection to RabbitMQ is lost: %s", reason)

    async def _connect(self) -> BindingSession:
        parameters = pika.URLParameters(self._config.amqp_url)
        connection = await AmqpConnection.open(
            functools.partial(AsyncioConnection, parameters), _CONNECT_TIMEOUT_S
        )
        return BindingSession(connection, self._config, self._key)

    async def _rebind(self, session: BindingSession, lost_at: float | None) -> None:
        await session.declare_inboxes()
        rooms = [room for room, task in self._live.items() if task.done()]
        for room in rooms:
            await session.bind(room)
        if lost_at is not None:
            logger.warning(
                "RabbitMQ is back, and %d rooms are bound again. If it was restarted, messages "
                "published in the last %.1f s did not reach clients of this server",
                len(rooms),
                asyncio.get_running_loop().time() - lost_at,
            )

    async def _set_session(
        self, session: BindingSession | None, only_if: BindingSession | None = None
    ) -> None:
        async with self._changed:
            if only_if is None or self._session is only_if:
                self._session = session
            self._changed.notify_all()
