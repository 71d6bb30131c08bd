"""A room with a client on the new server, and ways to harm the room's inbox."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pika
import psycopg
from websockets.sync.client import ClientConnection

from project import Project
from wsmigrate.topology import DEFAULT_INBOXES, InboxRetention, inbox_arguments, inbox_of_room

TIMEOUT_S = 30


class Room:
    """A room with one client of the new server, its exchange and its inbox."""

    def __init__(self, project: Project, amqp_url: str, client: ClientConnection, name: str):
        self.project = project
        self.name = name
        self.inbox = inbox_of_room(name, DEFAULT_INBOXES)
        self._client = client
        self._amqp_url = amqp_url

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
        return [self._client.recv(timeout=TIMEOUT_S) for _ in range(count)]

    def hears_nothing_more(self) -> bool:
        """Whether no frame comes within a moment."""
        try:
            self._client.recv(timeout=0.5)
        except TimeoutError:
            return True
        return False

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
