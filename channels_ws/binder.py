"""The room binder: makes sure that what is published to a room reaches the room's inbox."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import random
import socket
import uuid
from collections.abc import Callable, Collection

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


def _nobody(_rooms: Collection[str]) -> None:
    return


class RoomBinder:
    """Binds the exchanges of live rooms to their inboxes, over one connection per process.

    Every process binds with a routing key of its own, which a fanout exchange ignores: it delivers
    one copy all the same, and a process that unbinds does not take the room from another.

    When the connection is lost it is opened anew, with the bindings of all live rooms. Where the
    broker has forgotten them meanwhile, as it does in a restart, messages were missed: the rooms
    are bound again and handed to ``on_gap``. So is a room that the broker now refuses.
    """

    def __init__(self, config: Config, on_gap: Callable[[Collection[str]], None] = _nobody) -> None:
        self._config = config
        self._on_gap = on_gap
        self._url = redacted_url(config.amqp_url)
        self._key = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._confirmed: set[str] = (
            set()
        )  # live rooms that were bound, on this connection or before
        self._unwanted: set[str] = set()  # may still be bound: to be unbound when connected
        self._session: BindingSession | None = None
        self._connected = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect, and stay connected until ``stop``."""
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._stay_connected(), name="room-binder")

    async def stop(self) -> None:
        """Unbind the live rooms of this process, as far as the broker answers, and disconnect."""
        if self._supervisor is None:
            return
        session = self._session
        if session is not None and not session.is_lost:
            try:
                async with asyncio.timeout(self._config.bind_timeout_s):
                    for room in list(session.bound):
                        await session.unbind(room)
                    await session.remove_mark()
            except (AmqpClosedError, TimeoutError) as error:
                logger.info("Not all rooms were unbound: %s", _reason(error))
        self._supervisor.cancel()
        await asyncio.gather(self._supervisor, return_exceptions=True)
        self._supervisor = None

    async def bind(self, room: str) -> None:
        """Return once the broker has confirmed, on the present connection, that the room's exchange
        exists and is bound.

        From then on every message published to the room reaches its inbox, whether a bridge is up
        or not. Raises BindError.
        """
        self._unwanted.discard(room)
        try:
            async with asyncio.timeout(self._config.bind_timeout_s):
                await self._bind(room)
        except TimeoutError as error:
            raise BindError(
                f"A room could not be bound: RabbitMQ at {self._url} did not answer within "
                f"{self._config.bind_timeout_s:g} s.",
                then="Its client is refused with 503.",
            ) from error
        except AmqpClosedError as error:
            raise BindError(
                f"A room could not be bound: RabbitMQ at {self._url} refused it ({error}).",
                then="Its client is refused with 503.",
            ) from error

    async def unbind(self, room: str) -> None:
        """Take this process's binding of the room back; where the broker does not answer, as soon
        as it is there again. The exchange stays: publishers use it."""
        self._confirmed.discard(room)
        self._unwanted.add(room)
        session = self._session
        if session is not None:
            try:
                await asyncio.wait_for(self._work_off(session), self._config.bind_timeout_s)
            except (AmqpClosedError, TimeoutError) as error:
                logger.info("A room is still bound: %s", _reason(error))

    async def _bind(self, room: str) -> None:
        while True:
            await self._connected.wait()
            session = self._session
            if session is None or session.is_lost:
                await asyncio.sleep(0)  # its end has not been seen to yet
                self._forget(session)
                continue
            if room in session.bound:
                return
            try:
                await session.bind(room)
            except AmqpClosedError:
                if not session.is_lost:
                    raise
            else:
                self._confirmed.add(room)
                self._unwanted.discard(room)  # an unbinding that failed meanwhile put it back
                return

    async def _work_off(self, session: BindingSession) -> None:
        while self._unwanted:
            room = self._unwanted.pop()  # a room that is joined again meanwhile is no longer in it
            try:
                await session.unbind(room)
            except BaseException:
                self._unwanted.add(room)
                raise

    async def _stay_connected(self) -> None:
        backoff = _FIRST_BACKOFF_S
        while True:
            try:
                await self._use_one_connection()
                backoff = _FIRST_BACKOFF_S
            except Exception as error:
                logger.warning(
                    "RabbitMQ at %s cannot be used (%s). New clients are refused with 503; trying "
                    "again in %.1f s",
                    self._url,
                    _reason(error),
                    backoff,
                )
            await asyncio.sleep(backoff * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            backoff = min(backoff * 2, _MAX_BACKOFF_S)

    async def _use_one_connection(self) -> None:
        """Returns when a connection that could be used is lost; raises if it never could."""
        parameters = pika.URLParameters(self._config.amqp_url)
        connection = await AmqpConnection.open(
            functools.partial(AsyncioConnection, parameters), _CONNECT_TIMEOUT_S
        )
        session = BindingSession(connection, self._config, self._key)
        try:
            await self._prepare(session)
            self._session = session
            self._connected.set()
            reason = await asyncio.shield(connection.closed)
            logger.warning("The connection to RabbitMQ is lost: %s", reason)
        finally:
            self._forget(session)
            await connection.close()

    async def _prepare(self, session: BindingSession) -> None:
        await session.declare_inboxes()
        remembered = await session.leave_mark()
        missed = set() if remembered else set(self._confirmed)
        for room in list(self._confirmed):
            try:
                await session.bind(room)
            except AmqpClosedError as error:
                if session.is_lost:
                    raise
                logger.warning("The broker refuses a room that was bound: %s", error)
                self._confirmed.discard(room)
                missed.add(room)
        await self._work_off(session)
        if missed:
            logger.warning(
                "The broker has forgotten its bindings: messages of %d rooms may have been missed",
                len(missed),
            )
            self._on_gap(missed)

    def _forget(self, session: BindingSession | None) -> None:
        if session is None or self._session is session:
            self._session = None
            self._connected.clear()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
