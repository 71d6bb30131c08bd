"""Publishing to the PostgreSQL layer by its SQL function: where there is no Channels."""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from channels_ws.notify.publication import Publication, Stamp
from channels_ws.notify.state_source import Connect
from wsmigrate.errors import UnavailableError
from wsmigrate.message import Message, Via, event_of_message
from wsmigrate.rooms import group_of_room

_TIMEOUT_S = 10.0
_IDLE_S = 60.0


@dataclass
class _Request:
    """What a caller waits for. ``failure``: why it was not sent."""

    values: tuple[str, str, str] = field(repr=False)
    deadline: float
    done: threading.Event = field(default_factory=threading.Event)
    failure: str = ""


class SqlLayerPublisher:
    """Sends to the room's group with ``wsmigrate_group_send`` (docs/postgres-layer.md).

    One connection and one thread per process, so that a database which does not answer holds up
    nobody for longer than he has time: drivers cannot be interrupted. In order for one caller. A
    send whose connection breaks is tried once more with the same id: at least once. A layer that
    encrypts refuses it.
    """

    def __init__(self, connect: Connect, event_name: str, prefix: str) -> None:
        self._connect = connect
        self._event_name = event_name
        self._prefix = prefix
        self._fork_lock = threading.Lock()
        self._start_over()

    def publish(
        self,
        publication: Publication,
        stamp: Stamp | None = None,
        within_s: float | None = None,
    ) -> None:
        """Return once the log has the message. Raises UnavailableError, also when it takes longer
        than ``within_s`` seconds (10 by default): the message may come all the same then."""
        if self._pid != os.getpid():  # a fork has no thread, and shall not share a connection
            with self._fork_lock:
                if self._pid != os.getpid():
                    self._start_over()
        message = Message(
            publication.id,
            publication.room,
            publication.text,
            Via.CHANNELS,
            time.time(),
            is_copy=stamp is not None and stamp.is_copy,
            revision=None if stamp is None else stamp.revision,
        )
        event = json.dumps(event_of_message(message, self._event_name))
        wait_s = _TIMEOUT_S if within_s is None else within_s
        values = (group_of_room(publication.room), event, self._prefix)
        request = _Request(values, time.monotonic() + wait_s)
        self._ask(request)
        if not request.done.wait(wait_s) or request.failure:
            raise UnavailableError(
                "The message was not published: the database of the channel layer "
                f"{request.failure or 'did not answer'}."
            )

    def _start_over(self) -> None:
        self._pid = os.getpid()
        self._requests: queue.Queue[_Request] = queue.Queue()
        self._asking = threading.Lock()
        self._thread: threading.Thread | None = None

    def _ask(self, request: _Request) -> None:
        with self._asking:
            self._requests.put(request)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="wsmigrate-sql-layer", daemon=True
                )
                self._thread.start()

    def _work(self) -> None:
        connection: Any = None
        while True:
            try:
                request = self._requests.get(timeout=_IDLE_S)
            except queue.Empty:
                with self._asking:
                    if not self._requests.empty():
                        continue
                    self._thread = None
                _close(connection)
                return
            if time.monotonic() < request.deadline:  # else nobody waits for it any more
                connection = self._settle(request, connection)

    def _settle(self, request: _Request, connection: Any) -> Any:
        for _ in range(2):
            try:
                connection = connection or self._connect()
                with connection.cursor() as cursor:
                    cursor.execute("SELECT wsmigrate_group_send(%s, %s::json, %s)", request.values)
                request.failure = ""
                break
            except Exception as error:  # two drivers, with a hierarchy each
                request.failure = f"failed twice ({type(error).__name__})"
                _close(connection)
                connection = None
        request.done.set()
        return connection


def _close(connection: Any) -> None:
    if connection is not None:
        connection.close()
