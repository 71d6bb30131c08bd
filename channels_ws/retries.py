"""How soon a broker is tried again, and how often that is said: pure."""

from __future__ import annotations

from dataclasses import dataclass

from wsmigrate.amqp import AmqpClosedError
from wsmigrate.errors import ConfigError

_FIRST_PAUSE_S = 0.2
_WHILE_AWAY_S = 0.5
"""Short: what a publisher that is back before the bindings are sends to a room nobody gets."""
_WHILE_REFUSED_S = 5.0


@dataclass
class Retries:
    """Of one connection. Pauses grow from 0.2 seconds on: to half a second while the broker is
    away, and to five seconds while it answers and refuses, which does not pass by itself."""

    pause_s: float = _FIRST_PAUSE_S
    failures: int = 0
    is_news: bool = False
    """Whether the last failure is worth a line in the log: another reason than before, or the same
    for the first, second, fourth, eighth … time, for it may go on for hours."""
    _reason: str = ""
    _of_this_reason: int = 0

    def worked(self) -> None:
        """A connection was usable. Its end is no failure, but it is begun anew after a pause."""
        self.pause_s, self.failures, self._reason = _FIRST_PAUSE_S, 0, ""

    def failed(self, error: BaseException) -> None:
        """It could not be used."""
        longest_s = _WHILE_REFUSED_S if _is_refusal(error) else _WHILE_AWAY_S
        self.pause_s = _FIRST_PAUSE_S if not self.failures else min(2 * self.pause_s, longest_s)
        self.failures += 1
        reason = f"{type(error).__name__}: {error}"
        self._of_this_reason = self._of_this_reason + 1 if reason == self._reason else 1
        self._reason = reason
        self.is_news = self._of_this_reason & (self._of_this_reason - 1) == 0


def _is_refusal(error: BaseException) -> bool:
    if isinstance(error, AmqpClosedError):
        return bool(error.reply_code) or error.is_refused_login
    return isinstance(error, ConfigError)
