"""The timetable of an end: what is given how much time between the signal and the exit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wsmigrate.errors import ConfigError

_MOST_FOR_GOODBYES_S = 5.0
_MOST_FOR_LEAVING_S = 5.0
_SHARE_OF_EACH = 0.2
_LONGEST_S = 7 * 86400.0


@dataclass(frozen=True)
class Ending:
    """How the server ends; times in seconds from the signal on.

    The process is gone ``within_s`` after the signal. Nothing is closed during the first
    ``drain_delay_s``, so that a load balancer can notice. Then ``per_second`` sockets are closed
    each second; faster, if they would not all be closed in time otherwise. Two shares at the end
    are kept for clients and requests that take their time, and for leaving rooms and groups.
    """

    per_second: float = 100.0
    within_s: float = 60.0
    drain_delay_s: float = 3.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.per_second, self.within_s, self.drain_delay_s))):
            raise ConfigError("The pace and the times of an end have to be numbers.")
        if self.within_s > _LONGEST_S:
            raise ConfigError(f"An end may take {_LONGEST_S:g} s at most.")
        if self.per_second <= 0 or self.within_s <= 0 or self.drain_delay_s < 0:
            raise ConfigError("The pace and the time of an end have to be above 0.")
        if self.drain_delay_s > self.within_s / 2:
            raise ConfigError(
                f"Of the {self.within_s:g} s that an end may take, the delay before the first "
                f"close is {self.drain_delay_s:g} s.",
                then="Too little is left to close the sockets in.",
                remedy="Choose a delay of half that time at most.",
            )

    @property
    def goodbye_s(self) -> float:
        """How long clients that were sent a close may take until they are cut off."""
        return min(_MOST_FOR_GOODBYES_S, self.within_s * _SHARE_OF_EACH)

    @property
    def leaving_s(self) -> float:
        """How long the application may take to leave its rooms once all connections are gone."""
        return min(_MOST_FOR_LEAVING_S, self.within_s * _SHARE_OF_EACH)

    @property
    def closing_s(self) -> float:
        """How long the paced closing may take."""
        return self.within_s - self.drain_delay_s - self.goodbye_s - self.leaving_s

    @property
    def connections_gone_at_s(self) -> float:
        """When the last connection is cut off, HTTP requests included."""
        return self.within_s - self.leaving_s
