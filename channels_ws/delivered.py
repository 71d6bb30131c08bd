"""Which messages have been delivered already."""

from __future__ import annotations

from collections import deque


class DeliveredIds:
    """The last ``size`` message ids of all rooms, as hashes: about 100 bytes each.

    A relay that was interrupted after the layer had a message and before its cursor moved sends it
    once more. Such copies follow soon, within a batch of the bridge, so a bounded memory suffices.
    Hashes have 64 bits and a secret of the process in them: that two of the last 65,536 ids share
    one happens once in 10^14 messages.
    """

    def __init__(self, size: int = 65_536) -> None:
        self._size = size
        self._seen: set[int] = set()
        self._in_order: deque[int] = deque()

    def is_new(self, room: str, message_id: str) -> bool:
        """Whether the room has not had the message; it has from now on."""
        key = hash((room, message_id))
        if key in self._seen:
            return False
        self._seen.add(key)
        self._in_order.append(key)
        if len(self._in_order) > self._size:
            self._seen.discard(self._in_order.popleft())
        return True
