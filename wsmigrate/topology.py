"""Names and arguments of what wsmigrate declares in RabbitMQ.

They are a contract between processes of different versions: a queue or an exchange that is declared
again with other arguments is an error (406, PRECONDITION_FAILED) for whoever comes second.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import Any

from wsmigrate.errors import ConfigError

DEFAULT_INBOXES = 8
MAX_INBOXES = 1024
LONGEST_TTL_S = (2**32 - 1) // 1000
"""RabbitMQ counts how long a queue keeps messages in milliseconds, in 32 bits."""

DEFAULT_INBOX_PREFIX = "wsmigrate"


class InboxKind(str, enum.Enum):
    """What an inbox is in RabbitMQ."""

    STREAM = "stream"  # messages have offsets; RabbitMQ 3.9 or newer
    QUEUE = "queue"  # a durable classic queue, on any broker; what is promised of it is less


@dataclass(frozen=True)
class ExchangeArguments:
    """How the exchange of a room is declared.

    The defaults are those of the legacy server and of legacy publishers. Whoever declares it with
    others breaks them.
    """

    exchange_type: str = "fanout"
    durable: bool = False
    auto_delete: bool = False


ROOM_EXCHANGE = ExchangeArguments()


@dataclass(frozen=True)
class InboxRetention:
    """How much an inbox keeps for bridges that are away: whichever bound is met first.

    The broker drops whole segments, so a little more than this stays on its disk.
    """

    max_age_s: int = 24 * 3600
    max_bytes: int = 1 << 30
    segment_bytes: int = 1 << 26

    def __post_init__(self) -> None:
        for name in ("max_age_s", "max_bytes", "segment_bytes"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"The inbox retention {name} is {getattr(self, name)}, and has to be positive."
                )


def segment_bytes_of(max_bytes: int) -> int:
    """The size of an inbox's segments: small enough that the bound can be kept, for the broker
    drops none that it still writes to."""
    return max(1 << 20, min(1 << 26, max_bytes // 8))


def inbox_names(
    count: int, kind: InboxKind = InboxKind.STREAM, prefix: str = DEFAULT_INBOX_PREFIX
) -> tuple[str, ...]:
    """The inboxes of an installation, in order. The number is chosen once: a room belongs to one
    of them by hash, so another number moves rooms to inboxes that are not bound yet. A queue cannot
    have the name of a stream, so that each kind has names of its own."""
    if not 1 <= count <= MAX_INBOXES:
        raise ConfigError(
            f"{count} inboxes cannot be: there have to be 1 to {MAX_INBOXES} of them.",
            remedy="Set WSMIGRATE['INBOXES'] accordingly.",
        )
    word = "inbox" if kind is InboxKind.STREAM else "queue"
    return tuple(f"{prefix}.{word}.{index}" for index in range(count))


def inbox_of_room(room: str, count: int, kind: InboxKind = InboxKind.STREAM) -> str:
    """The inbox that a room's exchange is bound to. The same on every machine and Python."""
    return inbox_names(count, kind)[inbox_index_of_room(room, count)]


def inbox_index_of_room(room: str, count: int) -> int:
    """Its place among ``inbox_names``."""
    digest = hashlib.sha256(room.encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") % count


def inbox_arguments(
    retention: InboxRetention, kind: InboxKind = InboxKind.STREAM
) -> dict[str, Any]:
    """The arguments that declare an inbox as a RabbitMQ stream (durable, neither exclusive nor
    auto-delete: streams allow nothing else), or as a durable classic queue with the same bounds,
    which drops its oldest messages."""
    if kind is InboxKind.QUEUE:
        return {
            "x-message-ttl": retention.max_age_s * 1000,
            "x-max-length-bytes": retention.max_bytes,
        }
    return {
        "x-queue-type": "stream",
        "x-max-age": f"{retention.max_age_s}s",
        "x-max-length-bytes": retention.max_bytes,
        "x-stream-max-segment-size-bytes": retention.segment_bytes,
    }
