"""When an inbox is held up by one message that cannot even be read."""

from __future__ import annotations

_LIMIT = 5


class PoisonWatch:
    """Counts the sessions of an inbox that broke while reading the message behind its cursor.

    After five in a row that message is to be passed over. A session that was given any newer
    message, or that lasted, starts the count anew: so neither a layer nor a broker that is away
    ever makes a message look poisonous.
    """

    def __init__(self) -> None:
        self._breaks = 0

    @property
    def suspicious(self) -> bool:
        """Whether the last session broke in this way."""
        return self._breaks > 0

    @property
    def convinced(self) -> bool:
        """Whether the message has to be passed over."""
        return self._breaks >= _LIMIT

    def broke(self) -> None:
        """Note a session that broke at the message behind the cursor."""
        self._breaks += 1

    def went_on(self) -> None:
        """Note a session that got further."""
        self._breaks = 0
