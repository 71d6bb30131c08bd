"""What was published and is not confirmed yet, on one channel (RabbitMQ, "Publisher Confirms").

The broker numbers what is published on a channel from 1 on. It may confirm in any order, as when a
message waits for the disk and the next one, to another queue, does not; and one confirmation stands
for all before it only where it says ``multiple``.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Unconfirmed(Generic[T]):
    """Keeps something for each message until it is confirmed. False where nothing is left."""

    def __init__(self) -> None:
        self._count = 0
        self._kept: dict[int, T] = {}

    def __bool__(self) -> bool:
        return bool(self._kept)

    def sent(self, kept: T) -> None:
        """Note the next message."""
        self._count += 1
        self._kept[self._count] = kept

    def settle(self, method: Any) -> list[T]:
        """What was kept for the messages that a Basic.Ack or Basic.Nack is about, in order."""
        tag = int(method.delivery_tag)
        if not method.multiple:
            return [self._kept.pop(tag)] if tag in self._kept else []
        # In the order of the numbers, as they were put in.
        tags = []
        for number in self._kept:
            if number > tag:
                break
            tags.append(number)
        return [self._kept.pop(number) for number in tags]
