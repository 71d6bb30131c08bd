"""The writer's connection to the message log, and the statements on it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from channels_ws.layers.connection import CURSOR_MOVED, described, has_pooler, lasting, may_pass
from channels_ws.layers.entries import Entry, notices_of
from wsmigrate.cursor import CursorMove, CursorMovedError

logger = logging.getLogger(__name__)

_LATE_RETENTION_S = 3600.0
_CLEAN_EVERY_S = 15.0
_CLEAN_AGAIN_S = 0.2
_CLEAN_ROWS = 1000

# The targets as one text, since no name holds a comma: psycopg takes two microseconds for each text
# of a list, which is a tenth of what a message costs its sender.
_APPEND = (
    "SELECT wsmigrate_append(%s::uuid, %s, string_to_array(%s, ','), %b::bytea[], %s::text[], %s,"
    " %s, %s::int8, %s::int8)"
)

_APPEND_OF_MANY = (
    "SELECT wsmigrate_append_of_many(%s::uuid, %s, string_to_array(%s, ','), %b::bytea[],"
    " %s::text[], %s, %s::text[], %s::int8[], %s::int8[])"
)


class RetryError(Exception):
    """The statement may succeed on another connection. The text says what was wrong."""


@dataclass(frozen=True)
class LogSettings:
    """What the layer's CONFIG says of the log. Times are in seconds."""

    prefix: str
    expiry_s: float
    retention_s: float
    dead_after_s: float
    encrypts: bool


@dataclass(frozen=True)
class Batch:
    """What goes into the log in one row. ``token`` makes sure that it goes in once; ``cursors``
    are of different inboxes."""

    token: uuid.UUID
    entries: Sequence[Entry]
    cursors: Sequence[CursorMove]


class LogConnection:
    """Not for several threads at once."""

    def __init__(
        self, connection: psycopg.Connection[Any], settings: LogSettings, now: float
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._since = now
        self._clean_at = now + min(_CLEAN_EVERY_S, settings.dead_after_s)

    @classmethod
    def open(
        cls, parameters: Mapping[str, Any], settings: LogSettings, now: float
    ) -> LogConnection:
        """Connect. Raises RetryError or ConfigError."""
        try:
            connection = psycopg.connect(**parameters, autocommit=True)
        except psycopg.Error as error:
            raise RetryError(described(error)) from error
        opened = cls(connection, settings, now)
        try:
            opened._run(opened._prepare)
        except BaseException:
            opened.close()
            raise
        return opened

    @staticmethod
    def new_batch(entries: Sequence[Entry], cursors: Sequence[CursorMove]) -> Batch:
        """A batch with a token of its own."""
        return Batch(uuid.uuid4(), entries, cursors)

    @property
    def is_broken(self) -> bool:
        """Whether the connection is gone."""
        return self._connection.closed or self._connection.broken

    def append(self, batch: Batch) -> int | None:
        """Append a batch to the log, unless it is there already; the id of its row, if it was not.

        Raises RetryError, CursorMovedError, ConfigError, or what else psycopg raises.
        """
        row: int | None = self._run(lambda: self._append(batch))
        return row

    def execute(self, statement: Any, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a statement; its rows, if it has some. Raises as ``append``."""

        def run() -> list[tuple[Any, ...]]:
            cursor = self._connection.execute(statement, values, binary=True)
            return cursor.fetchall() if cursor.description else []

        rows: list[tuple[Any, ...]] = self._run(run)
        return rows

    def clean_if_due(self, now: float) -> None:
        """Delete what nobody needs, now and then. Raises as ``append``.

        Not while the connection is new: after an outage all processes look dead, until they had
        the time to reconnect.
        """
        settings = self._settings
        if now < self._clean_at or now < self._since + settings.dead_after_s:
            return
        rows = self.execute(
            "SELECT wsmigrate_clean(%s, %s, %s, %s, %s)",
            (
                settings.prefix,
                settings.dead_after_s,
                settings.retention_s,
                max(_LATE_RETENTION_S, settings.retention_s),
                _CLEAN_ROWS,
            ),
        )
        self._clean_at = now + (_CLEAN_AGAIN_S if rows[0][0] == _CLEAN_ROWS else _CLEAN_EVERY_S)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _prepare(self) -> None:
        answer = self._connection.execute(
            "SELECT pg_backend_pid(), %s::text = ANY (encrypted_prefixes) FROM wsmigrate_log",
            (self._settings.prefix,),
        ).fetchone()
        if answer is None:
            raise psycopg.errors.UndefinedTable("wsmigrate_log has no row")
        if has_pooler(self._connection.info, answer[0]):
            # In transaction mode the next statement may be another server process's.
            self._connection.prepare_threshold = None
        if answer[1] != self._settings.encrypts:
            change = "array_append" if self._settings.encrypts else "array_remove"
            self._connection.execute(
                f"UPDATE wsmigrate_log SET encrypted_prefixes"  # noqa: S608 - of two words
                f" = {change}(encrypted_prefixes, %s::text)",
                (self._settings.prefix,),
            )

    def _append(self, batch: Batch) -> int | None:
        values = (
            batch.token,
            self._settings.prefix,
            ",".join([entry.target for entry in batch.entries]),
            [entry.payload or b"" for entry in batch.entries],
            notices_of(batch.entries),
            self._settings.expiry_s,
        )
        cursors = batch.cursors
        if len(cursors) > 1:
            moves: Sequence[Any] = (
                [cursor.inbox for cursor in cursors],
                [cursor.before for cursor in cursors],
                [cursor.after for cursor in cursors],
            )
            answer = self._connection.execute(_APPEND_OF_MANY, (*values, *moves)).fetchone()
        else:
            one = cursors[0] if cursors else None
            moves = (one and one.inbox, one and one.before, one and one.after)
            answer = self._connection.execute(_APPEND, (*values, *moves)).fetchone()
        return None if answer is None else answer[0]

    def _run(self, act: Any) -> Any:
        try:
            return act()
        except psycopg.Error as error:
            if error.sqlstate == CURSOR_MOVED:
                raise CursorMovedError(
                    f"{described(error).capitalize()}: another bridge has moved it, or an earlier "
                    "try of this one, whose answer was lost."
                ) from error
            if may_pass(error):
                raise RetryError(described(error)) from error
            if (mend := lasting(error)) is not None:
                raise mend from error
            raise
