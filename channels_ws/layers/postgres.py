"""The PostgreSQL channel layer: a drop-in for channels-postgres, on a message log."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgpack
from channels_postgres.core import PostgresChannelLayer

from channels_ws.layers.config_values import check_seconds
from channels_ws.layers.connection import connection_parameters
from channels_ws.layers.entries import CHANNEL, GROUP, MEMBERSHIP, ORDINARY, Entry
from channels_ws.layers.errors import LayerGapError, NotSentError
from channels_ws.layers.log_connection import LogConnection, LogSettings
from channels_ws.layers.ordinary import OrdinaryChannels
from channels_ws.layers.post_office import PostOffice
from channels_ws.layers.reader import LogReader, ReaderSettings
from channels_ws.layers.reading_task import ReadingTask
from channels_ws.layers.writer import Writer
from wsmigrate.cursor import CursorMove

_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,100}")
_MANY = 1000
_JSON_BEGINS = (b"{", b" ", b"\t", b"\n", b"\r")


class PostgresLayer(PostgresChannelLayer):
    """Channels' layer API over a log in PostgreSQL, with channels-postgres' CONFIG.

    What is promised:

    * A send that returned is in the log, committed. Every process that receives reads the log in
      one order, which is that of the commits, and hands over each message once; over a lost
      connection and a restart of PostgreSQL too, for as long as rows are kept (``retention``).
    * Messages of one sender, sent one after another, keep their order.
    * What cannot be caught up with any more raises LayerGapError in ``receive``, once per channel.
    * A message that nobody receives within ``expiry`` seconds after it came is dropped.
    * May be used from any thread and event loop, and after a fork. Each process has one connection
      to send (see Writer) and, once it receives, one to LISTEN (see LogReader).

    Beside channels-postgres' keys CONFIG takes, in seconds: ``retention`` (300), how long messages
    are kept for processes that have to catch up; ``send_timeout`` (10), how long a send waits for
    a database that is away; ``heartbeat`` (5); ``dead_after`` (60), after which a process that was
    not heard of is taken for dead. PSYCOPG_OPTIONS, which are a pool's, have no effect.
    """

    catches_up = True
    """The layer reconnects by itself. What it could not make good, it says by LayerGapError."""

    def __init__(
        self,
        prefix: str = "asgi",
        expiry: int = 60,
        group_expiry: int = 0,
        symmetric_encryption_keys: Any = None,
        *,
        retention: float = 300,
        send_timeout: float = 10,
        heartbeat: float = 5,
        dead_after: float = 60,
        **database: Any,
    ) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError("prefix has to be letters, digits, '-', '_' and '.'")
        check_seconds(
            retention=retention,
            send_timeout=send_timeout,
            heartbeat=heartbeat,
            dead_after=dead_after,
            expiry=expiry,
        )
        database.setdefault("TIME_ZONE", None)  # Django fills it in for DATABASES
        super().__init__(prefix, expiry, group_expiry, symmetric_encryption_keys, **database)
        self._log = LogSettings(
            prefix, expiry, max(retention, expiry), dead_after, self.crypter is not None
        )
        self._heartbeat_s = heartbeat
        self._send_timeout_s = send_timeout
        self._fork_lock = threading.Lock()
        self._start_over()

    @property
    def reconnects(self) -> int:
        """How often the connection that receives had to be replaced."""
        return max(0, self._reader.connects - 1)

    @property
    def flushes(self) -> int:
        """How often the layer was flushed, by whomever: the channels of this process have to join
        their groups anew."""
        return self._office.flushes

    @property
    def trouble(self) -> str:
        """What keeps the layer from receiving at once, for people; empty if nothing does."""
        return self._reader.trouble

    async def new_channel(self, prefix: str = "specific") -> str:
        """A channel that this process alone can receive on."""
        self._read()
        return f"{prefix}.{self.client_prefix}!{uuid.uuid4().hex}"

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Return once the message is in the log. Raises NotSentError, ConfigError, TypeError."""
        self.require_valid_channel_name(channel)
        kind = CHANNEL if "!" in channel else ORDINARY
        await self._append([Entry(kind + channel, self._serialized(message))])

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Return once the message is in the log. Raises NotSentError, ConfigError, TypeError."""
        self.require_valid_group_name(group)
        await self._append([Entry(GROUP + group, self._serialized(message))])

    async def group_send_many(
        self, messages: Iterable[tuple[str, dict[str, Any]]], cursor: CursorMove | None = None
    ) -> None:
        """Send messages to groups in one transaction, in this order, and move a cursor in it.

        All or nothing. Raises CursorMovedError, when the cursor was not where it should have been,
        and else as ``group_send``.
        """
        entries = []
        for group, message in messages:
            self.require_valid_group_name(group)
            entries.append(Entry(GROUP + group, self._serialized(message)))
        if entries or cursor is not None:
            await self._append(entries, cursor)

    async def receive(self, channel: str) -> dict[str, Any]:
        """The next message on a channel. Waits for it, also through a restart of PostgreSQL.

        Raises LayerGapError, once, in the place of messages that are lost.
        """
        return (await self._received(channel, 1))[0]

    async def receive_many(self, channel: str) -> list[dict[str, Any]]:
        """All messages that wait on a channel, in order; waits for one. Raises LayerGapError.

        Whoever takes all is late but there: none is dropped for its age, unlike in ``receive``.
        """
        return await self._received(channel, _MANY)

    async def group_add(self, group: str, channel: str) -> None:
        """Have a channel join a group: it gets what is sent to the group from now on.

        It does not get what this process has sent before; what another one has sent a moment ago it
        may. For a channel of this process nothing is waited for but the log's first connection and
        the process's own messages. Raises NotSentError when the database cannot be had.
        """
        self._check_names(group, channel)
        if self._office.owns(channel):
            self._read()
            await self._reading.positioned()
            await self._reading.own_are_read()
            self._office.join(group, channel)
            return
        await self._execute(
            "INSERT INTO wsmigrate_member (prefix, group_name, channel, owner, expires_at)"
            # Without an expiry the interval is null, and so is the time.
            " VALUES (%s, %s, %s, %s, now() + make_interval(secs => nullif(%s::float8, 0)))"
            " ON CONFLICT (prefix, group_name, channel)"
            " DO UPDATE SET expires_at = EXCLUDED.expires_at",
            (self.prefix, group, channel, _owner_of(channel), self.group_expiry),
        )
        await self._tell_owner("add", group, channel)

    async def group_discard(
        self,
        group: str,
        channel: str,
        expire: int | None = None,  # noqa: ARG002 - upstream's
    ) -> None:
        """Have a channel leave a group, if it is in it."""
        self._check_names(group, channel)
        if self._office.owns(channel):
            self._office.leave(group, channel)
            return
        await self._execute(
            "DELETE FROM wsmigrate_member WHERE prefix = %s AND group_name = %s AND channel = %s",
            (self.prefix, group, channel),
        )
        await self._tell_owner("discard", group, channel)

    async def flush(self) -> None:
        """Forget all messages and groups, in all processes."""
        self._mind_forks()
        await self._reading.positioned_if_wanted()
        rows = await self._execute(
            "SELECT wsmigrate_flush(%s::uuid, %s)", (uuid.uuid4(), self.prefix)
        )
        if self._reading.is_wanted:  # who joins a group after this shall not be flushed
            await self._reading.positioned(at_least=rows[0][0] or 0)
        else:
            self._office.forget_all()

    async def close(self) -> None:
        """Disconnect. The layer may be used again, and connects again then."""
        if await self._reading.stop():
            with contextlib.suppress(NotSentError):
                await self._execute(
                    "DELETE FROM wsmigrate_reader WHERE owner = %s", (self.client_prefix,)
                )
        self._writer.close()

    def deserialize(self, message: bytes) -> dict[str, Any]:
        """The event of a payload. JSON is what the SQL functions write."""
        # What msgpack makes of a dictionary begins with none of these.
        if self.crypter is None and message[:1] in _JSON_BEGINS:
            return dict(json.loads(message))
        if self.crypter is not None:
            # No time to live: a message that had to be caught up with is older than ``expiry``.
            message = self.crypter.decrypt(message)
        event: dict[str, Any] = msgpack.unpackb(message, raw=False)
        return event

    def _start_over(self) -> None:
        """Be somebody of its own, with connections of its own, as each process has to be."""
        self._pid = os.getpid()
        self.client_prefix = uuid.uuid4().hex[:16]
        writing = connection_parameters(self.db_params, "sending")
        self._writer = Writer(
            lambda: LogConnection.open(writing, self._log, time.monotonic()), self._send_timeout_s
        )
        self._office = PostOffice(self.client_prefix, self.expiry, self.group_expiry)
        self._ordinary = OrdinaryChannels(self.prefix, self._office, self._writer)
        reading = connection_parameters(self.db_params, "receiving")
        self._reader = LogReader(
            ReaderSettings(self.client_prefix, self.prefix, self._heartbeat_s, reading),
            self._office,
        )
        self._reading = ReadingTask(self._reader, self._send_timeout_s)

    def _mind_forks(self) -> None:
        """A forked process has neither its parent's thread nor a right to its connections.

        Looked for at each use: uWSGI without ``--enable-threads`` forks without a word to Python.
        """
        if self._pid != os.getpid():
            with self._fork_lock:
                if self._pid != os.getpid():
                    self._start_over()

    def _serialized(self, message: dict[str, Any]) -> bytes:
        if not isinstance(message, dict):
            raise TypeError("a message is a dictionary")
        if "__asgi_channel__" in message:
            raise ValueError("'__asgi_channel__' is reserved")
        payload: bytes = self.serialize(message)
        return payload

    def _event(self, payload: bytes) -> dict[str, Any]:
        try:
            return self.deserialize(payload)
        except Exception as error:  # msgpack, JSON and cryptography have no base in common
            raise LayerGapError(
                f"A message of the channel layer cannot be read ({type(error).__name__}).",
                remedy="Check that all processes have the same symmetric_encryption_keys.",
            ) from error

    def _check_names(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)

    async def _append(self, entries: Sequence[Entry], cursor: CursorMove | None = None) -> None:
        self._mind_forks()
        await self._reading.positioned_if_wanted()
        row = await self._writer.append(entries, cursor)
        self._reading.has_sent(row or 0)

    async def _execute(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        self._mind_forks()
        rows: list[tuple[Any, ...]] = await self._writer.call(
            lambda connection: connection.execute(statement, values)
        )
        return rows

    async def _tell_owner(self, change: str, group: str, channel: str) -> None:
        owner = _owner_of(channel)
        if owner:
            payload = msgpack.packb({"change": change, "group": group, "channel": channel})
            await self._append([Entry(MEMBERSHIP + owner, payload)])

    async def _received(self, channel: str, limit: int) -> list[dict[str, Any]]:
        self.require_valid_channel_name(channel)
        if "!" not in channel:
            self._read()
            await self._reading.positioned()  # from where on it is woken
            return [self._event(await self._ordinary.receive(channel))]
        if not self._office.owns(channel):
            raise ValueError("the channel is another process's")
        while True:
            self._read()
            mailbox = self._office.mailbox(CHANNEL + channel)
            letters = mailbox.take(limit, expired=limit > 1)
            if letters:
                return [self._event(letter) for letter in letters]
            await mailbox.wait()

    def _read(self) -> None:
        self._mind_forks()
        self._reading.ensure()


def _owner_of(channel: str) -> str:
    """The process of a channel; empty for an ordinary one."""
    if "!" not in channel:
        return ""
    return channel.partition("!")[0].rpartition(".")[2]
