"""SIGTERM and SIGINT: the first begins the end, the second ends at once."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_STDERR = 2


class EndSignals:
    """Handles the signals of a process that does nothing else, while it is entered.

    The first signal calls ``begin`` (from the signal handler: it may only note it). Once
    ``within_s`` seconds have passed since, the process ends with exit code 0, also when a thread or
    the event loop is stuck; this stays in force until the interpreter is gone. A second signal ends
    the process at once, with 128 and the signal's number as shells have it.
    """

    def __init__(self, within_s: float, begin: Callable[[], None]) -> None:
        self._within_s = within_s
        self._begin = begin
        self._handlers: dict[int, Any] = {}
        self.came_at: float | None = None
        """When the first signal came, by the monotonic clock."""

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.came_at is None:  # else a second one still has to be heard
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.came_at is not None:
            _say("wsmigrate: ended at once by a second signal\n")
            _end_process(128 + number)
        self.came_at = time.monotonic()
        last_resort = threading.Timer(self._within_s, self._time_is_up)
        last_resort.daemon = True
        last_resort.start()
        self._begin()

    def _time_is_up(self) -> None:
        _say(f"wsmigrate: not ended in order within {self._within_s:g} s; ending now\n")
        _end_process(0)


def _say(sentence: str) -> None:
    """Not by logging: the interrupted code may be in the middle of it. And not at all where nobody
    reads what was said before, for that may be why the end is late."""
    if select.select([], [_STDERR], [], 0)[1]:
        os.write(_STDERR, sentence.encode())


def _end_process(code: int) -> NoReturn:
    """End without waiting for threads and buffers, as sys.exit() would."""
    os._exit(code)
