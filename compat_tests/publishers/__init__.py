"""Ways to have a message published to a room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Publisher(Protocol):
    """Publishes. Used from one thread at a time."""

    def publish(self, room: str, payloads: Sequence[bytes]) -> None:
        """Publish to a room, in this order; returns when all are published.

        Raises UnavailableError.
        """

    def close(self) -> None:
        """Give up what it holds."""
