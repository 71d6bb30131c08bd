"""Which messages have been delivered already."""

from __future__ import annotations

from collections import OrderedDict


class DeliveredIds:
    """The last ``size`` message ids of all rooms.

    A relay that was interrupted after the layer had a message and before its cursor moved sends it
    once more. Such copies follow soon, within a batch of the bridge, so a bounded memory suffices.
    """

    def __init__(self, size: int = 65_536) -> None:
        self._size = size
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_new(self, room: str, message_id: str) -> bool:
        """Whether the room has not had the message; it has from now on."""
        key = (room, message_id)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True
