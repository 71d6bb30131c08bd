"""The writer: appends to the message log, for all threads and event loops of a process."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from channels_ws.layers.deadlines import Deadlines
from channels_ws.layers.entries import Entry
from channels_ws.layers.errors import NotSentError
from channels_ws.layers.log_connection import Batch, LogConnection, RetryError
from wsmigrate.cursor import CursorMove

logger = logging.getLogger(__name__)

MAX_BATCH = 500
MAX_BATCH_BYTES = 1 << 20
_GATHER_FROM = 8
_GATHER_S = 0.002
_FIRST_BACKOFF_S = 0.05
_MAX_BACKOFF_S = 1.0

Statement = Callable[[LogConnection], Any]


@dataclass(eq=False, slots=True)
class _Request:
    """What a caller waits for. ``deadline`` is a time of the monotonic clock."""

    loop: asyncio.AbstractEventLoop
    outcome: asyncio.Future[Any]
    deadline: float
    given_up: bool = False


@dataclass(eq=False, slots=True)
class _Append(_Request):
    entries: Sequence[Entry] = ()
    cursor: CursorMove | None = None
    size: int = 0


@dataclass(eq=False, slots=True)
class _Call(_Request):
    statement: Statement = field(default=lambda _connection: None)


class Writer:
    """One connection and one thread per process, whoever sends.

    What is sent while a commit is under way goes into the next one together. Where that are many,
    the next one waits for those who were told of the last one and send again, two milliseconds at
    most. What one thread sends one after another is appended in that order. A batch whose commit
    was not confirmed is sent again with the same token, so it is in the log once; so long, up to
    ``timeout_s`` after each send, a restart of PostgreSQL is waited for.
    """

    def __init__(self, connect: Callable[[], LogConnection], timeout_s: float) -> None:
        self._connect = connect
        self._timeout_s = timeout_s
        self._work = threading.Condition()
        self._requests: deque[_Append | _Call] = deque()
        self._thread: threading.Thread | None = None
        self._connection: LogConnection | None = None
        self._closing = False
        self._taken = 0
        self._enough = 1
        # A database that is frozen blocks the thread, which can then tell nobody.
        self._deadlines = Deadlines(timeout_s + 0.5, lambda: _not_sent("it did not answer"))

    async def append(
        self, entries: Sequence[Entry], cursor: CursorMove | None = None
    ) -> int | None:
        """Return once the entries are in the log, and the cursor is moved, in one transaction. The
        id of their row, if it is known: not after a try whose answer was lost.

        Raises CursorMovedError (nothing was appended), ConfigError (no tables), and NotSentError
        when the database did not confirm it in time: it may or may not be in the log then.
        """
        loop = asyncio.get_running_loop()
        size = sum([len(entry.payload or b"") for entry in entries])
        deadline = time.monotonic() + self._timeout_s
        row: int | None = await self._do(
            _Append(loop, loop.create_future(), deadline, entries=entries, cursor=cursor, size=size)
        )
        return row

    async def call(self, statement: Statement) -> Any:
        """Run a statement that may be repeated, in its turn. Raises as ``append``."""
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + self._timeout_s
        return await self._do(_Call(loop, loop.create_future(), deadline, statement=statement))

    def close(self) -> None:
        """End the thread after what is under way, and with it the connection."""
        with self._work:
            self._closing = True
            self._work.notify()

    async def _do(self, request: _Append | _Call) -> Any:
        with self._work:
            self._requests.append(request)
            if len(self._requests) >= self._enough:
                self._work.notify()
            if self._thread is None:
                self._start_thread()
        self._deadlines.watch(request.outcome, request.loop)
        try:
            return await request.outcome
        except BaseException:
            self._withdraw(request)
            raise

    def _start_thread(self) -> None:
        self._closing = False
        thread = threading.Thread(target=self._run, name="wsmigrate-layer-writer", daemon=True)
        thread.start()  # raises where no more threads are allowed: the next send tries again
        self._thread = thread

    def _withdraw(self, request: _Append | _Call) -> None:
        """Nobody waits for it any more. While the thread is stuck it would not be looked at, and
        what was given up would be kept."""
        request.given_up = True
        with self._work, contextlib.suppress(ValueError):
            self._requests.remove(request)  # mostly one of the first

    def _run(self) -> None:
        while True:
            requests = self._next_requests()
            if not requests:
                return
            first = requests[0]
            if isinstance(first, _Call):
                self._settle(requests, first.statement)
            else:
                self._append(requests)
            self._clean_if_due()

    def _next_requests(self) -> list[_Append | _Call]:
        """What goes together into the next transaction; nothing when the thread is to end."""
        with self._work:
            self._gather()
            while True:
                taken = self._take()
                if taken:
                    return taken
                if self._closing:
                    self._thread = None
                    self._disconnect()
                    return []
                self._work.wait()

    def _take(self) -> list[_Append | _Call]:
        taken: list[_Append | _Call] = []
        size = 0
        while self._requests and _goes_with(taken, self._requests[0], size):
            request = self._requests.popleft()
            if not request.given_up:
                taken.append(request)
                size += request.size if isinstance(request, _Append) else 0
        self._taken = len(taken)
        return taken

    def _gather(self) -> None:
        """Give those who have just been told the time to send again. Without it, they and those who
        came meanwhile take turns for ever, each with a commit of half of what there is."""
        if self._taken >= _GATHER_FROM and not self._closing:
            self._enough = min(self._taken + len(self._requests), MAX_BATCH)
            self._work.wait_for(self._has_enough, _GATHER_S)
            self._enough = 1

    def _has_enough(self) -> bool:
        return self._closing or len(self._requests) >= self._enough

    def _append(self, requests: list[Any]) -> None:
        entries = [entry for request in requests for entry in request.entries]
        cursors = [request.cursor for request in requests if request.cursor is not None]
        batch = LogConnection.new_batch(entries, cursors)
        error = self._settle(
            requests, functools.partial(_append_batch, batch=batch), len(requests) > 1
        )
        if error is not None:
            # One of them cannot be appended. The others shall not suffer for it.
            for request in requests:
                cursors = [] if request.cursor is None else [request.cursor]
                single = LogConnection.new_batch(request.entries, cursors)
                self._settle([request], functools.partial(_append_batch, batch=single))

    def _settle(
        self, requests: Sequence[_Request], statement: Statement, only_success: bool = False
    ) -> BaseException | None:
        """Run a statement until it has succeeded, cannot, or nobody waits for it any more, and tell
        those who wait. With ``only_success`` a statement that cannot succeed is returned."""
        backoff = _FIRST_BACKOFF_S
        while True:
            try:
                result = statement(self._connected())
            except RetryError as error:
                self._disconnect()
                reason = str(error)
            except BaseException as error:
                self._disconnect_if_unusable()
                if only_success:
                    return error
                _tell(requests, None, error)
                return None
            else:
                _tell(requests, result, None)
                return None
            now = time.monotonic()
            late = [request for request in requests if request.deadline <= now]
            _tell(late, None, _not_sent(reason))
            if len(late) == len(requests):
                return None
            logger.warning("The channel layer cannot send (%s); trying again", reason)
            time.sleep(backoff)
            backoff = min(backoff * 2, _MAX_BACKOFF_S)

    def _connected(self) -> LogConnection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _disconnect_if_unusable(self) -> None:
        if self._connection is not None and self._connection.is_broken:
            self._disconnect()

    def _clean_if_due(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.clean_if_due(time.monotonic())
        except RetryError as error:
            logger.info("The message log was not cleaned: %s", error)
            self._disconnect()
        except Exception as error:
            logger.warning("The message log was not cleaned: %s", type(error).__name__)


def _append_batch(connection: LogConnection, batch: Batch) -> int | None:
    return connection.append(batch)


def _goes_with(taken: Sequence[_Request], request: _Append | _Call, size: int) -> bool:
    if not taken:
        return True
    return (
        isinstance(request, _Append)
        and isinstance(taken[0], _Append)
        and len(taken) < MAX_BATCH
        and _may_share(taken, request.cursor)
        and size + request.size <= MAX_BATCH_BYTES
    )


def _may_share(taken: Sequence[Any], cursor: CursorMove | None) -> bool:
    """Each inbox moves once in a transaction: what belongs to its next move comes after that."""
    return cursor is None or all(
        request.cursor is None or request.cursor.inbox != cursor.inbox for request in taken
    )


def _tell(requests: Iterable[_Request], result: Any, error: BaseException | None) -> None:
    """Tell those who wait: one wake-up per event loop."""
    for loop, group in itertools.groupby(requests, key=lambda request: request.loop):
        outcomes = [request.outcome for request in group]
        try:
            loop.call_soon_threadsafe(_resolve, outcomes, result, error)
        except RuntimeError:  # that event loop is closed, and with it went whoever waited
            continue


def _resolve(
    outcomes: Iterable[asyncio.Future[Any]], result: Any, error: BaseException | None
) -> None:
    for outcome in outcomes:
        if outcome.done():
            continue
        if error is None:
            outcome.set_result(result)
        else:
            outcome.set_exception(error)


def _not_sent(reason: str) -> NotSentError:
    return NotSentError(
        f"The database of the channel layer did not confirm a message in time ({reason}).",
        then="It may or may not be delivered.",
    )
