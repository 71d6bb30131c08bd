"""The intake of one socket: what its client sends, in order and within limits."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from channels_ws.auth.identity import Identity
from channels_ws.inbound.desk import Desk
from channels_ws.inbound.frames import message_of_text, size_of
from channels_ws.inbound.outcomes import InboundProblem, Outcome
from channels_ws.inbound.rate import TokenBucket
from channels_ws.outbox import CloseCode, Outbox, TextFrame

_STRIKES = 20


class Intake:
    """Takes messages without blocking, and brings them to the desk one after another.

    What cannot be sent is answered with an error frame. A client that is answered so 20 times on
    end is closed with 1008. One that sends bytes is closed with 1003, and one that sends more than
    ``INBOUND_MAX_BYTES`` at once with 1009.
    """

    def __init__(
        self,
        desk: Desk,
        identity: Identity,
        room: str,
        outbox: Outbox,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._identity = identity
        self._room = room
        self._outbox = outbox
        self._clock = clock
        config = desk.config
        self._bucket = TokenBucket(config.inbound_per_second, config.inbound_burst, clock())
        self._waiting: deque[tuple[int, dict[str, Any]]] = deque()
        self._works = False
        self._number = 0
        self._strikes = 0

    def take(self, text: str | None) -> None:
        """Take a frame of the client; None is one of bytes. Never blocks."""
        if self._outbox.close_code is not None:
            return
        self._number += 1
        if text is None:
            self._close(Outcome.BINARY, CloseCode.UNSUPPORTED_DATA)
        elif size_of(text) > self._desk.config.inbound_max_bytes:
            self._close(Outcome.TOO_LARGE, CloseCode.MESSAGE_TOO_BIG)
        else:
            self._take_text(text)

    def _take_text(self, text: str) -> None:
        try:
            if not self._bucket.take(self._clock()):
                raise InboundProblem(Outcome.TOO_FAST, "Too many messages: wait a moment.")
            if len(self._waiting) >= self._desk.config.inbound_waiting:
                raise InboundProblem(Outcome.WAITING, "Earlier messages wait: send it again later.")
            self._waiting.append((self._number, message_of_text(text)))
        except InboundProblem as problem:
            self._answer(problem, self._number)
            return
        if not self._works:
            self._works = True
            self._desk.begin(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                number, message = self._waiting[0]  # it waits until it is done
                try:
                    outcome = await self._desk.send(self._identity, self._room, message)
                except InboundProblem as problem:
                    self._answer(problem, number)
                else:
                    self._count(outcome)
                    self._strikes = 0
                self._waiting.popleft()
        finally:
            self._works = False

    def _answer(self, problem: InboundProblem, number: int) -> None:
        self._count(problem.outcome)
        self._outbox.put(TextFrame.of(problem.frame(number)))
        self._strikes += 1
        if self._strikes >= _STRIKES:
            self._outbox.close(CloseCode.POLICY_VIOLATION)

    def _close(self, outcome: Outcome, code: CloseCode) -> None:
        self._count(outcome)
        self._outbox.close(code)

    def _count(self, outcome: Outcome) -> None:
        self._desk.metrics.inbound.labels(outcome=outcome.value).inc()
