"""The reader: follows the message log over one LISTEN connection, whatever happens to it."""

from __future__ import annotations

import abc
import asyncio
import logging
import os
import random
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from channels_ws.layers.connection import described, has_pooler, lasting
from channels_ws.layers.entries import Entry, Notice, NoticeError, entries_of_row, parsed_notice

logger = logging.getLogger(__name__)

_FIRST_BACKOFF_S = 0.1
_MAX_BACKOFF_S = 2.0
_ANSWER_S = 10.0

_PAGE = 100  # rows, each of which may be a batch of a MiB
_DELETED_TO = "SELECT coalesce(max(deleted_to), 0) FROM wsmigrate_horizon WHERE prefix = %(prefix)s"
# The horizon in the same statement, which is one snapshot: what is deleted later does not matter.
_NEWER = (
    f"SELECT id, targets, payloads, ({_DELETED_TO}) FROM wsmigrate_message"  # noqa: S608
    " WHERE id > %(position)s AND id <= %(head)s AND prefix = %(prefix)s"
    f" ORDER BY id LIMIT {_PAGE}"
)

AsyncConnection = psycopg.AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True)
class ReaderSettings:
    """Who reads, and which layer. Times are in seconds."""

    owner: str
    prefix: str
    heartbeat_s: float
    parameters: Mapping[str, Any] = field(repr=False)


class Receiver(abc.ABC):
    """What a reader hands over, and asks. The methods do not block."""

    @abc.abstractmethod
    def wants(self, target: str) -> bool:
        """Whether anybody here receives what is sent to the target."""

    @abc.abstractmethod
    def deliver(self, entries: Iterable[Entry]) -> None:
        """Take entries, in the order of the log, each once."""

    @abc.abstractmethod
    def gap(self) -> None:
        """Entries are missing here, for good."""

    @abc.abstractmethod
    def heartbeat(self) -> None:
        """A moment for chores, every few seconds."""


class LogReader:
    """Hands over every row of the log behind its position, once and in the order of the log.

    The position is what survives: a connection that is lost, to a restart of PostgreSQL or to a
    network, is replaced, and what was appended meanwhile is read from the log before newer things.
    ``run`` may be cancelled, and run again on another event loop.
    """

    def __init__(self, settings: ReaderSettings, receiver: Receiver) -> None:
        self._settings = settings
        self._receiver = receiver
        self._log_key: str | None = None
        self._announced = 0
        self._handed_over = 0  # entries of the row behind the position
        self.position: int | None = None
        """The id of the last row that was handed over; None before the first connection."""
        self.logs = 0
        """How many logs were met, each with ids of its own."""
        self.connected = False
        self.connects = 0
        self.trouble = ""
        """What is wrong with a connection that stands, for people."""

    async def run(self) -> None:
        """Follow the log until cancelled."""
        backoff = _FIRST_BACKOFF_S
        while True:
            try:
                await self._use_one_connection()
            except (psycopg.Error, OSError, TimeoutError) as error:
                if self.connected:
                    backoff = _FIRST_BACKOFF_S
                mend = lasting(error) if isinstance(error, psycopg.Error) else None
                logger.warning(
                    "The channel layer does not receive (%s); trying again in %.1f s",
                    mend or described(error),
                    backoff,
                )
            except Exception:
                logger.exception("The channel layer does not receive; trying again")
            finally:
                self.connected = False
            await asyncio.sleep(backoff * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            backoff = min(backoff * 2, _MAX_BACKOFF_S)

    async def _use_one_connection(self) -> None:
        async with asyncio.timeout(_ANSWER_S):
            connection = await psycopg.AsyncConnection.connect(
                **self._settings.parameters, autocommit=True, prepare_threshold=None
            )
        try:
            await self._begin(connection)
            await self._follow(connection)
        finally:
            await connection.close()

    async def _begin(self, connection: AsyncConnection) -> None:
        """Listen, then read what was missed: in this order nothing falls between the two."""
        async with asyncio.timeout(_ANSWER_S):
            key = await _one(connection, "SELECT key FROM wsmigrate_log")
            # The key is of our own making, and no value could stand here.
            await connection.execute(f'LISTEN "wsmigrate_{key[0]}"'.encode())
            await self._look_for_pooler(connection)
            log_key, head, deleted_to = await self._beat(connection)
        if self.position is None:
            self._log_key, self.position = log_key, head
            self.logs += 1
        elif log_key != self._log_key or head < self.position:
            self._log_key = log_key
            self.logs += 1
            self._skip_to(head)
        elif deleted_to > self.position:
            self._skip_to(head)
        else:
            await self._read(connection, head)
        self._announced = head
        self.connects += 1
        self.connected = True

    async def _follow(self, connection: AsyncConnection) -> None:
        next_beat = time.monotonic() + self._settings.heartbeat_s
        while True:
            left = next_beat - time.monotonic()
            if left <= 0:
                await self._check(connection)
                self._receiver.heartbeat()
                next_beat = time.monotonic() + self._settings.heartbeat_s
                continue
            notifies = [n async for n in connection.notifies(timeout=left, stop_after=1)]
            for notify in notifies:
                await self._take(connection, notify.payload)

    async def _take(self, connection: AsyncConnection, payload: str) -> None:
        try:
            notice = parsed_notice(payload)
        except NoticeError as error:
            # A newer version may be announcing; its rows can be told by their ids all the same.
            logger.warning("The channel layer: %s", error)
            return
        ours = notice.prefix == self._settings.prefix
        if notice.id == 0:
            self._receiver.deliver(notice.entries or () if ours else ())
            return
        self._announced = max(self._announced, notice.id)
        if self.position is None or notice.id <= self.position:
            return
        entries = self._wanted(notice) if ours else []
        if entries is None:
            await self._read(connection, notice.id)
            return
        self._receiver.deliver(entries)
        if not notice.more:
            self._stand_at(notice.id)
        elif ours:  # the next row that is read may be this one, but no other layer's
            self._handed_over += len(notice.entries or ())

    def _wanted(self, notice: Notice) -> list[Entry] | None:
        """The entries for this process; None if the row itself is needed for them."""
        if notice.entries is None:
            return None
        wanted = [entry for entry in notice.entries if self._receiver.wants(entry.target)]
        return None if any(entry.payload is None for entry in wanted) else wanted

    async def _check(self, connection: AsyncConnection) -> None:
        """Say that this process lives, and that the connection does; read what was not announced.

        Raises psycopg.OperationalError if the log is another one now, so that all begins anew.
        """
        announced_then = self._announced
        async with asyncio.timeout(_ANSWER_S):
            log_key, head, _ = await self._beat(connection)
        if log_key != self._log_key:
            raise psycopg.OperationalError("the message log is another one")
        if self.position is not None and head > self.position:
            unannounced = [n async for n in connection.notifies(timeout=0.2, stop_after=1)]
            for notify in unannounced:
                await self._take(connection, notify.payload)
            if not unannounced and self._announced == announced_then:
                await self._read(connection, head)
                if self.trouble:
                    logger.error("The channel layer: %s", self.trouble)

    async def _beat(self, connection: AsyncConnection) -> tuple[str, int, int]:
        settings = self._settings
        row = await _one(
            connection,
            "SELECT * FROM wsmigrate_heartbeat(%s, %s, %s, %s, %s)",
            (settings.owner, settings.prefix, self.position, socket.gethostname(), os.getpid()),
        )
        return str(row[0]), int(row[1]), int(row[2])

    async def _read(self, connection: AsyncConnection, head: int) -> None:
        """Hand over the rows up to ``head``, and stand there."""
        while self.position is not None and self.position < head:
            values = {"position": self.position, "head": head, "prefix": self._settings.prefix}
            answer = await connection.execute(_NEWER, values, binary=True)
            rows = await answer.fetchall()
            horizon = rows[0][3] if rows else (await _one(connection, _DELETED_TO, values))[0]
            if horizon > self.position:
                self._skip_to(head)
                return
            for row, targets, payloads, _ in rows:
                self._receiver.deliver(entries_of_row(targets, payloads)[self._handed_over :])
                self._stand_at(row)
            if len(rows) < _PAGE:
                self._stand_at(head)

    def _skip_to(self, head: int) -> None:
        logger.error("The channel layer has missed messages that its log does not hold any more")
        self._stand_at(head)
        self._receiver.gap()

    def _stand_at(self, row: int) -> None:
        self.position = row
        self._handed_over = 0

    async def _look_for_pooler(self, connection: AsyncConnection) -> None:
        """Find out whether notifications arrive through a pooler, if there is one."""
        pid = await _one(connection, "SELECT pg_backend_pid()")
        self.trouble = ""
        if not has_pooler(connection.info, pid[0]):
            return
        parameters = self._settings.parameters
        async with await psycopg.AsyncConnection.connect(
            **parameters, autocommit=True, prepare_threshold=None
        ) as other:
            await other.execute(
                "SELECT pg_notify('wsmigrate_' || key, '0 ' || %s || ' wprobe') FROM wsmigrate_log",
                (self._settings.prefix,),
            )
        if not [n async for n in connection.notifies(timeout=2.0, stop_after=1)]:
            self.trouble = (
                "a pooler in transaction mode (PgBouncer?) stands before PostgreSQL, and LISTEN "
                "needs a session: messages arrive late, by polling. Give the layer a direct "
                "connection, or a pool in session mode"
            )
            logger.error("The channel layer: %s", self.trouble)


async def _one(connection: AsyncConnection, statement: Any, values: Any = ()) -> tuple[Any, ...]:
    row = await (await connection.execute(statement, values)).fetchone()
    if row is None:
        raise psycopg.errors.UndefinedTable("a table of the layer has lost its row")
    return row
