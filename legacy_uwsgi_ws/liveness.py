"""When to ping a client, and when to give it up. Pure: the time comes in as data."""

from __future__ import annotations

import enum
from dataclasses import dataclass

_SLACK_S = 0.05
"""uWSGI counts in whole seconds: a tick that is a hair early would send no ping, and the client
would be given up for not answering it."""


class Due(enum.Enum):
    """What a client's silence asks for."""

    NOTHING = "nothing"
    PING = "ping"
    GIVE_UP = "give up"


@dataclass
class Liveness:
    """After ``keepalive_s`` of silence a client is pinged, and ``grace_s`` later it is given up if
    it is still silent. Whatever comes from it ends the silence, the pong being the usual case.

    All times are seconds of one monotonic clock.
    """

    keepalive_s: float
    grace_s: float
    heard_at: float
    pinged_at: float | None = None
    """When the ping went out that has no answer yet."""

    def pinged(self, now: float) -> None:
        """A ping went out."""
        self.pinged_at = now

    def heard(self, now: float) -> None:
        """The client gave a sign of life."""
        self.heard_at = now
        self.pinged_at = None

    def due(self, now: float) -> Due:
        """What to do at this time."""
        if self.seconds_left(now) > 0:
            return Due.NOTHING
        return Due.PING if self.pinged_at is None else Due.GIVE_UP

    def seconds_left(self, now: float) -> float:
        """Seconds until something is due; never negative."""
        if self.pinged_at is None:
            return max(0.0, self.heard_at + self.keepalive_s + _SLACK_S - now)
        return max(0.0, self.pinged_at + self.grace_s - now)
