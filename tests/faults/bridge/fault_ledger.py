"""The ledger of a fault test: every message that was published, and what became of it."""

from __future__ import annotations

import enum
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pika
import pika.exceptions

from wsmigrate.compare import compare

EQUAL = b'{"text": "half of all bodies are equal"}'


class Fate(enum.Enum):
    """What the publisher knows of a message."""

    TAKEN = "the broker has confirmed it"
    UNBOUND = "nothing was bound: the broker gave it back"
    UNKNOWN = "the connection broke before the broker confirmed it"
    POISON = "it cannot be relayed"


@dataclass(frozen=True)
class Published:
    """A message."""

    body: bytes
    fate: Fate


@dataclass
class Ledger:
    """Messages by room, in their order."""

    entries: dict[str, list[Published]] = field(default_factory=dict)

    def enter(self, room: str, body: bytes, fate: Fate) -> None:
        self.entries.setdefault(room, []).append(Published(body, fate))

    def count(self, fate: Fate) -> int:
        return sum(one.fate is fate for entries in self.entries.values() for one in entries)

    def expected(self, room: str) -> list[bytes]:
        """What has to arrive, whatever else does."""
        return [one.body for one in self.entries.get(room, []) if one.fate is Fate.TAKEN]

    def differences(self, received: dict[str, list[bytes]]) -> list[str]:
        """What is not accounted for; empty if nothing is. A message whose fate is not known may
        have arrived once, in its place, and has to have a body of its own."""
        found = []
        for room, entries in self.entries.items():
            unknown = {one.body for one in entries if one.fate is Fate.UNKNOWN}
            arrived = set(received[room])
            sure = [
                one.body
                for one in entries
                if one.fate is Fate.TAKEN or (one.body in unknown and one.body in arrived)
            ]
            outcome = compare(sure, received[room])
            if outcome.differences:
                found.append(
                    f"{room}: {len(sure)} published, {len(received[room])} received, "
                    f"{outcome.lost} lost, {outcome.duplicated} doubled, "
                    f"{outcome.out_of_order} out of order"
                )
        return found


class FaultPublisher:
    """Publishes to rooms in turn from a thread of its own, each message confirmed; connects again
    when the broker is back. Half of all bodies are equal, unless ``unique``. ``with_ids``: each
    message has an id of its own."""

    def __init__(
        self, url: str, rooms: Sequence[str], *, per_s: float = 300.0, unique: bool = False
    ) -> None:
        self._url = url
        self._rooms = list(rooms)
        self._per_s = per_s
        self._unique = unique
        self.with_ids = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._channel: Any = None
        self._declared: set[str] = set()
        self.ledger = Ledger()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> Ledger:
        """End, and the ledger is closed."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(60)
            assert not self._thread.is_alive(), "the broker takes nothing"
        return self.ledger

    def publish(self, room: str, body: bytes, *, poison: bool = False, **properties: Any) -> None:
        """One message, from the caller's thread, before ``start`` or instead of it."""
        self._publish(room, body, poison=poison, **properties)

    def _run(self) -> None:
        number = 0
        begun = time.monotonic()
        while not self._stopping.is_set():
            room = self._rooms[number % len(self._rooms)]
            own = b'{"text": "number %d"}' % number
            equal = not self._unique and (number // len(self._rooms)) % 2 == 1
            its_id = {"message_id": uuid.uuid4().hex} if self.with_ids else {}
            self._publish(room, EQUAL if equal else own, **its_id)
            number += 1
            self._stopping.wait(max(0.0, begun + number / self._per_s - time.monotonic()))

    def _publish(self, room: str, body: bytes, *, poison: bool = False, **properties: Any) -> None:
        try:
            channel = self._connected(room)
        except (pika.exceptions.AMQPError, OSError):
            self._channel = None
            self._stopping.wait(0.1)  # nothing was published
            return
        try:
            channel.basic_publish(
                room, "", body, pika.BasicProperties(**properties), mandatory=True
            )
            fate = Fate.POISON if poison else Fate.TAKEN
        except pika.exceptions.UnroutableError:
            fate = Fate.UNBOUND
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != 404:  # else the broker has forgotten the exchange
                raise
            self._channel, fate = None, Fate.UNBOUND
        except (pika.exceptions.AMQPError, OSError):
            self._channel, fate = None, Fate.UNKNOWN
        self.ledger.enter(room, body, fate)

    def _connected(self, room: str) -> Any:
        if self._channel is None:
            parameters = pika.URLParameters(self._url)
            parameters.socket_timeout = parameters.stack_timeout = 5
            connection = pika.BlockingConnection(parameters)
            self._channel = connection.channel()
            self._channel.confirm_delivery()
            self._declared.clear()
        if room not in self._declared:
            self._channel.exchange_declare(room, exchange_type="fanout")
            self._declared.add(room)
        return self._channel
