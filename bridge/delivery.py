"""What the broker delivers from an inbox, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wsmigrate.cursor import CursorMove
from wsmigrate.gap import InboxGap
from wsmigrate.message import Message


@dataclass(frozen=True)
class Delivery:
    """A message of an inbox. ``position``: see bridge.positions, None in an inbox that is a queue;
    ``published_at``: seconds since the epoch, if the publisher said so; ``properties``: makes
    AMQP's, as far as JSON can say them; ``marked``: published by the reverse relay; ``after_gap``:
    the inbox has lost messages that came before it."""

    tag: int
    position: int | None
    room: str
    message_id: str | None
    body: bytes = field(repr=False)
    published_at: float | None = None
    properties: Callable[[], Mapping[str, Any]] = field(default=dict, repr=False)
    redelivered: bool = False
    marked: bool = False
    after_gap: bool = False
    came_at: float = 0.0


@dataclass(frozen=True)
class DeadLetter:
    """A message that cannot be relayed. ``body`` is None where it was never read."""

    inbox: str
    position: int
    reason: str
    explanation: str
    room: str = ""
    message_id: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    published_at: float | None = None


@dataclass(frozen=True)
class Batch:
    """What goes on together, and where the cursor of the inbox then stands. ``gap``: where the
    inbox has lost messages before or among these."""

    messages: tuple[Message, ...] = ()
    dead: tuple[DeadLetter, ...] = ()
    move: CursorMove | None = None
    gap: InboxGap | None = None
