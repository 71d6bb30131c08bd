"""What the broker knows of a drain: how many legacy sockets there are, and what is published."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pika

from migrate_cli.routers.commands_run import run_command
from wsmigrate.amqp_url import redacted_url
from wsmigrate.errors import UnavailableError

QUEUES_COMMAND = ("rabbitmqctl", "-q", "list_queues", "name", "exclusive")
"""Prints the name and the exclusiveness of each queue of the default virtual host."""

_LEGACY_NAME = "amq.gen-"
"""RabbitMQ's form of a name that the broker gives: each legacy socket has such a queue."""


def count_legacy_queues(command: Sequence[str] = QUEUES_COMMAND) -> int:
    """How many sockets the old server has, by the queues that are each one's own. Raises
    RouterError where the command fails.

    Other programs with exclusive queues that the broker named are counted along: compare with the
    front door's figure before a drain.
    """
    return legacy_queues_in(run_command("the broker", command, timeout_s=60.0))


def legacy_queues_in(listing: str) -> int:
    """The legacy queues in what ``QUEUES_COMMAND`` prints."""
    rows = (line.split("\t") for line in listing.splitlines())
    return sum(
        row[0].startswith(_LEGACY_NAME) and row[1:2] in (["true"], []) for row in rows if row
    )


class RoomListener:
    """Hears of every message that is published to some rooms, by a queue of its own; bodies are
    thrown away. Nothing that others have is touched, and the queue ends with the connection."""

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url
        self._heard: queue.SimpleQueue[tuple[str, float]] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: Any = None
        self._broken = False

    def start(self, rooms: Iterable[str]) -> list[str]:
        """Bind the rooms and listen. Returns those that are bound; a room without an exchange has
        no publisher either. Raises UnavailableError."""
        try:
            self._connection = pika.BlockingConnection(pika.URLParameters(self._url))
            channel = self._connection.channel()
            name = f"wsmigrate.watch.{uuid.uuid4().hex}"
            channel.queue_declare(name, exclusive=True)
            bound = [room for room in rooms if self._bind(name, room)]
            channel.basic_consume(name, self._on_message, auto_ack=True)
        except (pika.exceptions.AMQPError, OSError) as error:
            raise UnavailableError(
                f"The broker {redacted_url(self._url)} does not let us listen "
                f"({type(error).__name__}).",
                then="The frames in the gaps cannot be counted.",
            ) from error
        self._thread = threading.Thread(target=self._listen, name="room-listener", daemon=True)
        self._thread.start()
        return bound

    def heard(self) -> Iterator[tuple[str, float]]:
        """Room and time (of the monotonic clock, in seconds) of what has come since the last
        call."""
        while True:
            try:
                yield self._heard.get_nowait()
            except queue.Empty:
                return

    @property
    def is_broken(self) -> bool:
        """Whether the connection broke, so that there was more to be heard."""
        return self._broken

    def stop(self) -> None:
        """End the connection."""
        self._ending.set()
        if self._thread:
            self._thread.join(10.0)

    def _bind(self, name: str, room: str) -> bool:
        channel = self._connection.channel()
        try:
            channel.queue_bind(name, room)
        except pika.exceptions.ChannelClosedByBroker:
            return False
        channel.close()
        return True

    def _listen(self) -> None:
        try:
            while not self._ending.is_set():
                self._connection.process_data_events(time_limit=0.1)
            self._connection.close()
        except pika.exceptions.AMQPError:
            self._broken = True  # what was heard by then stays; the drain goes on without

    def _on_message(self, _channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        self._heard.put((method.exchange, time.monotonic()))
