"""Comparing what came by both ways, where publishers publish to both. Pure."""

from __future__ import annotations

import enum
from collections import OrderedDict

from wsmigrate.message import Message, Via


class CopyOutcome(enum.Enum):
    """What a comparison found."""

    RABBITMQ_FIRST = "rabbitmq-first"
    CHANNELS_FIRST = "channels-first"
    DIFFERENT = "different"
    ONLY_CHANNELS = "only-channels"


class Copies:
    """Pairs the copies of messages, of which clients get the one that came by RabbitMQ.

    The last ``size`` messages that have no partner yet are remembered, as hashes of 64 bits. A copy
    that came straight and is forgotten without a partner never came by RabbitMQ, or far too late.
    Unless copies are expected, nothing is remembered before the first one has come; and what was
    published to the layer alone has no partner.
    """

    def __init__(self, size: int = 16_384, *, expected: bool = False) -> None:
        self._size = size
        self._in_use = expected
        self._waiting: OrderedDict[int, tuple[Via, int]] = OrderedDict()

    def expect(self) -> None:
        """Publishers use both ways from now on."""
        self._in_use = True

    def seen(self, message: Message) -> list[CopyOutcome]:
        """Note a message that came by either way; what that settles."""
        if message.is_copy:
            self._in_use = True
        elif not self._in_use or message.via is Via.CHANNELS:
            return []
        key, digest = hash((message.room, message.id)), hash(message.text)
        other = self._waiting.pop(key, None)
        if other is None or other[0] is message.via:
            self._waiting[key] = (message.via, digest)
            return self._forget()
        if other[1] != digest:
            return [CopyOutcome.DIFFERENT]
        first = other[0] is Via.RABBITMQ
        return [CopyOutcome.RABBITMQ_FIRST if first else CopyOutcome.CHANNELS_FIRST]

    def _forget(self) -> list[CopyOutcome]:
        if len(self._waiting) <= self._size:
            return []
        _, (via, _digest) = self._waiting.popitem(last=False)
        return [CopyOutcome.ONLY_CHANNELS] if via is Via.CHANNELS else []
