"""The room binder: makes sure that what is published to a room reaches the room's inbox."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import random
import socket
import uuid
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from channels_ws.binding import BindingSession, is_missing_inbox
from channels_ws.retries import Retries
from wsmigrate.amqp import AmqpClosedError, BrokerHosts
from wsmigrate.config import Config, redacted_url
from wsmigrate.errors import ConfigError, UnavailableError
from wsmigrate.rooms import RoomError

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10.0
_LONGEST_WAIT_S = 30.0


class BindError(UnavailableError):
    """A room could not be bound in time, so a client that joined it would miss messages."""


def _nobody(_rooms: Collection[str]) -> None:
    return


async def _nameless() -> None:
    return


class RoomBinder:
    """Binds the exchanges of live rooms to their inboxes, over one connection per process.

    Every process binds with a routing key of its own, which a fanout exchange ignores: it delivers
    one copy all the same, and a process that unbinds does not take the room from another.

    When the connection is lost it is opened anew, with the bindings of all live rooms. Where the
    broker has forgotten them meanwhile, as it does in a restart, messages were missed: the rooms
    are handed to ``on_gap`` and bound again. So is a room that the broker now refuses.
    """

    def __init__(
        self,
        config: Config,
        on_gap: Callable[[Collection[str]], None] = _nobody,
        site_name: Callable[[], Awaitable[str | None]] = _nameless,
    ) -> None:
        """``site_name`` tells whose the inboxes are, so that no room is bound to another site's."""
        self._config = config
        self._site_name = site_name
        self._on_gap = on_gap
        self._hosts = BrokerHosts(config.amqp_urls)
        self._key = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._confirmed: set[str] = (
            set()
        )  # live rooms that were bound, on this connection or before
        self._unwanted: set[str] = set()  # may still be bound: to be unbound when connected
        self._session: BindingSession | None = None
        self._connected = asyncio.Event()
        self._heard_at = 0.0  # when the broker last confirmed a binding, by the loop's clock
        self._supervisor: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def key(self) -> str:
        """What tells the bindings of this process from those of others."""
        return self._key

    @property
    def rooms(self) -> Collection[str]:
        """The rooms that are bound, or may still be."""
        return self._confirmed | self._unwanted

    async def start_over(self) -> None:
        """Somebody has removed this process's bindings: connect anew, as after a restart of the
        broker, with all that follows for the live rooms."""
        session = self._session
        if session is not None and not session.is_lost:
            try:
                async with asyncio.timeout(self._config.bind_timeout_s):
                    await session.remove_mark()
            except (AmqpClosedError, TimeoutError) as error:
                logger.info("The mark was not removed: %s", _reason(error))
            await session.connection.close()

    @property
    def _where(self) -> str:
        return redacted_url(self._hosts.first)

    @property
    def is_linked(self) -> bool:
        """Whether rooms can be bound at present."""
        return self._session is not None and not self._session.is_lost

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
                    await asyncio.gather(*map(session.unbind, list(session.bound)))
                    await session.remove_mark()
            except (AmqpClosedError, TimeoutError) as error:
                logger.info("Not all rooms were unbound: %s", _reason(error))
        tasks = [self._supervisor, *self._chores]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._supervisor = None

    def is_bound(self, room: str) -> bool:
        """Whether the room is bound on the present connection."""
        session = self._session
        return session is not None and not session.is_lost and room in session.bound

    async def bind(self, room: str) -> None:
        """Return once the broker has confirmed, on the present connection, that the room's exchange
        exists and is bound.

        From then on every message published to the room reaches its inbox, whether a bridge is up
        or not. Raises BindError: when the broker has answered nobody for ``bind_timeout_s``, or
        this one not within half a minute.
        """
        self._unwanted.discard(room)
        try:
            await self._while_it_answers(self._bind(room))
        except TimeoutError as error:
            raise BindError(
                f"A room could not be bound: RabbitMQ at {self._where} did not answer within "
                f"{self._config.bind_timeout_s:g} s.",
                then="Its client is refused with 503.",
            ) from error
        except RoomError as error:
            raise BindError(
                f"A room could not be bound: {error.reason}.",
                then="Its client is refused with 503.",
            ) from error
        except AmqpClosedError as error:
            raise BindError(
                f"A room could not be bound: RabbitMQ at {self._where} refused it ({error}).",
                then="Its client is refused with 503.",
            ) from error

    def bind_anew(self, rooms: Collection[str]) -> None:
        """The inbox of these rooms was deleted, and their bindings with it: they are not bound from
        now on, and those that are live are bound again. Without a connection, once there is one."""
        session = self._session
        if session is not None and not session.is_lost:
            session.bound.difference_update(rooms)
            chore = asyncio.create_task(self._bind_anew(session, set(rooms)), name="bind-anew")
            self._chores.add(chore)
            chore.add_done_callback(self._chores.discard)

    async def _bind_anew(self, session: BindingSession, rooms: set[str]) -> None:
        try:
            await session.declare_inboxes()
            await asyncio.gather(*map(session.bind, rooms & self._confirmed))
        except (AmqpClosedError, ConfigError, RoomError) as error:
            logger.warning("Rooms were not bound again: %s", _reason(error))
            await session.connection.close()  # the next one binds all

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

    async def _while_it_answers(self, act: Coroutine[Any, Any, None]) -> None:
        """Thousands of rooms at once have to queue, and a broker that works them off is not away.
        Raises TimeoutError and what ``act`` raises."""
        clock = asyncio.get_running_loop().time
        begin = clock()
        task = asyncio.create_task(act)
        try:
            while not task.done():
                patience_ends = max(begin, self._heard_at) + self._config.bind_timeout_s
                left_s = min(patience_ends, begin + _LONGEST_WAIT_S) - clock()
                if left_s <= 0:
                    raise TimeoutError
                await asyncio.wait({task}, timeout=left_s)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        task.result()

    async def _bind(self, room: str) -> None:
        while True:
            await self._connected.wait()
            session = self._session
            if session is None or session.is_lost:
                await asyncio.sleep(0)  # its end has not been seen to yet
                self._forget(session)
                continue
            if room in session.bound:
                self._is_live(room)  # it may have been left while it was bound again
                return
            if self._chores:
                await asyncio.wait(set(self._chores))  # its inbox may not be there yet
                continue
            try:
                await session.bind(room)
            except AmqpClosedError as error:
                if is_missing_inbox(error):
                    # It was deleted, and with it the bindings of all its rooms.
                    if session is self._session:
                        await self.start_over()
                elif not session.is_lost:
                    raise
            else:
                self._heard_at = asyncio.get_running_loop().time()
                self._is_live(room)
                return

    def _is_live(self, room: str) -> None:
        self._confirmed.add(room)
        self._unwanted.discard(room)  # an unbinding that failed meanwhile put it back

    async def _work_off(self, session: BindingSession) -> None:
        while self._unwanted:
            room = self._unwanted.pop()  # a room that is joined again meanwhile is no longer in it
            try:
                await session.unbind(room)
            except BaseException:
                self._unwanted.add(room)
                raise

    async def _stay_connected(self) -> None:
        retries = Retries()
        while True:
            try:
                await self._use_one_connection()
                retries.worked()
            except Exception as error:
                retries.failed(error)
                if retries.is_news:
                    logger.warning(
                        "RabbitMQ at %s cannot be used (%s). New clients are refused with 503 "
                        "until it can; the next try is in %.1f s",
                        self._where,
                        _reason(error),
                        retries.pause_s,
                    )
            await asyncio.sleep(retries.pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    async def _use_one_connection(self) -> None:
        """Returns when a connection that could be used is lost; raises if it never could."""
        site = await self._site_name()
        connection = await self._hosts.connect(
            lambda url: functools.partial(AsyncioConnection, pika.URLParameters(url)),
            _CONNECT_TIMEOUT_S / len(self._config.amqp_urls),
        )
        session = BindingSession(
            connection, self._config, self._key, site, lambda room: self._on_gap({room})
        )
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
        if missed:
            logger.warning(
                "The broker has forgotten its bindings: messages of %d rooms may have been missed",
                len(missed),
            )
            self._on_gap(missed)
        await self._bind_again(session)
        await self._work_off(session)

    async def _bind_again(self, session: BindingSession) -> None:
        """Bind the live rooms. Raises what makes the connection useless."""
        binding = [self._bind_one_again(session, room) for room in self._confirmed]
        for outcome in await asyncio.gather(*binding, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def _bind_one_again(self, session: BindingSession, room: str) -> None:
        try:
            await session.bind(room)
        except AmqpClosedError as error:
            if session.is_lost:
                raise
            logger.warning("The broker refuses a room that was bound: %s", error)
            self._confirmed.discard(room)
            self._on_gap({room})
        else:
            self._heard_at = asyncio.get_running_loop().time()

    def _forget(self, session: BindingSession | None) -> None:
        if session is None or self._session is session:
            self._session = None
            self._connected.clear()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
