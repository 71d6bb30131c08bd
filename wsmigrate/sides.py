"""The two servers that a front door stands before."""

from __future__ import annotations

import enum


class Side(str, enum.Enum):
    """A server. The values are the names that a rendered front door gives them."""

    LEGACY = "legacy"
    CHANNELS = "channels"

    @property
    def other(self) -> Side:
        """The server across."""
        return Side.CHANNELS if self is Side.LEGACY else Side.LEGACY
