"""A publisher that does not stop while things break."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pika

RATE_PER_S = 200
BODIES = (b'{"text": "half of all bodies are equal"}', b'{"text": "number %d"}')


class RoomPublisher:
    """Publishes to rooms in turn from a thread of its own, with confirms. ``published`` is the
    ledger: what the broker has taken, by room and in order."""

    def __init__(self, amqp_url: str, rooms: list[str]) -> None:
        self._url = amqp_url
        self._rooms = rooms
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher")
        self.published: dict[str, list[bytes]] = {room: [] for room in rooms}

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> dict[str, list[bytes]]:
        """End after the round in hand; every room has had the same number."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        return self.published

    def _run(self) -> None:
        number = 0
        with closing(pika.BlockingConnection(pika.URLParameters(self._url))) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            while not self._stopping.is_set():
                for room in self._rooms:
                    body = BODIES[0] if number % 2 else BODIES[1] % number
                    channel.basic_publish(room, "", body)
                    self.published[room].append(body)
                number += 1
                time.sleep(len(self._rooms) / RATE_PER_S)
