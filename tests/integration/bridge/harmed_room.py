"""A room with a client on the new server, and ways to harm the room's inbox."""

from __future__ import annotations

import itertools
from contextlib import ExitStack, closing
from typing import Any

import msgpack
import pika
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from project import Project
from wsmigrate.topology import DEFAULT_INBOXES, InboxRetention, inbox_arguments, inbox_of_room

TIMEOUT_S = 30


class Room:
    """A room with one client of the new server, its exchange and its inbox."""

    def __init__(self, project: Project, server_url: str, name: str) -> None:
        self.project = project
        self.name = name
        self.inbox = inbox_of_room(name, DEFAULT_INBOXES)
        self._server_url = server_url
        self._client: ClientConnection | None = None
        self._stack = ExitStack()
        self._amqp_url = project.amqp_url

    def join_again(self) -> None:
        """Have a client join, in place of the one before."""
        self.leave()
        url = f"{self._server_url}/{self.name}"
        self._client = self._stack.enter_context(connect(url, compression=None, open_timeout=30))

    def leave(self) -> None:
        """End the client."""
        self._stack.close()

    def in_the_same_inbox(self) -> Room:
        """Another room, without a client, of the same inbox."""
        names = (f"{self.name}-{number}" for number in itertools.count())
        name = next(one for one in names if inbox_of_room(one, DEFAULT_INBOXES) == self.inbox)
        return Room(self.project, self._server_url, name)

    def publish(self, *bodies: str, **properties: Any) -> None:
        """Publish to the room, confirmed by the broker."""
        with closing(pika.BlockingConnection(pika.URLParameters(self._amqp_url))) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for body in bodies:
                basic = pika.BasicProperties(**properties)
                channel.basic_publish(self.name, "", body.encode(), basic)

    def receive(self, count: int = 1) -> list[str | bytes]:
        """The next frames of the client."""
        return [self._joined.recv(timeout=TIMEOUT_S) for _ in range(count)]

    def is_closed_with(self, code: int) -> None:
        """Wait until the server closes the client's socket, with this code and without a frame."""
        with pytest.raises(ConnectionClosed, match=f"received {code} "):
            self._joined.recv(timeout=TIMEOUT_S)

    def relayed(self) -> list[str]:
        """What is in the layer of the room, in order."""
        with psycopg.connect(self.project.postgres_dsn) as connection:
            rows = connection.execute("SELECT payloads FROM wsmigrate_message ORDER BY id")
            events = [msgpack.unpackb(payload) for row in rows for payload in row[0]]
        return [event["message"] for event in events if event.get("room") == self.name]

    def hears_nothing_more(self) -> bool:
        """Whether no frame comes within a moment."""
        try:
            self._joined.recv(timeout=0.5)
        except TimeoutError:
            return True
        return False

    @property
    def _joined(self) -> ClientConnection:
        assert self._client is not None
        return self._client

    def delete_inbox(self) -> None:
        """Delete the inbox, as a broker's reset does."""
        with closing(pika.BlockingConnection(pika.URLParameters(self._amqp_url))) as connection:
            connection.channel().queue_delete(self.inbox)

    def declare_inbox(self) -> None:
        """Declare the inbox and bind the room to it, as the room's server does."""
        with closing(pika.BlockingConnection(pika.URLParameters(self._amqp_url))) as connection:
            channel = connection.channel()
            arguments = inbox_arguments(InboxRetention())
            channel.queue_declare(self.inbox, durable=True, arguments=arguments)
            channel.queue_bind(self.inbox, self.name)

    def cursor(self) -> int | None:
        """The cursor of the inbox."""
        with psycopg.connect(self.project.postgres_dsn) as connection:
            row = connection.execute(
                'SELECT "offset" FROM wsmigrate_cursor WHERE inbox = %s', (self.inbox,)
            ).fetchone()
        return None if row is None else int(row[0])

    def set_cursor(self, position: int) -> None:
        """Set the cursor of an inbox that has none."""
        with psycopg.connect(self.project.postgres_dsn) as connection:
            connection.execute(
                'INSERT INTO wsmigrate_cursor (inbox, "offset", moved_at) VALUES (%s, %s, now())',
                (self.inbox, position),
            )
