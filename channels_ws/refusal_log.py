"""Refusals in the log, without a flood."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

_AGAIN_AFTER_S = 5.0


class RefusalLog:
    """A line for the first refusal of a kind, and then one every five seconds at most, with how
    many there were in between. The metrics count them all."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def say(self, kind: str, text: str) -> None:
        """``kind`` is one of a few fixed words."""
        now = self._clock()
        if now - self._said.get(kind, -_AGAIN_AFTER_S) < _AGAIN_AFTER_S:
            self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
            return
        self._said[kind] = now
        unsaid = self._unsaid.pop(kind, 0)
        more = f" (and {unsaid} more like it before)" if unsaid else ""
        self._logger.warning("%s%s", text, more)
