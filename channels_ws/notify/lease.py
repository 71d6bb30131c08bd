"""The state as a lease of about a second, which a thread of the process renews."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Callable

from channels_ws.notify.state_source import Connect, StateSource
from wsmigrate.config import NotifyBackend
from wsmigrate.errors import UnavailableError
from wsmigrate.site_state import SiteState

logger = logging.getLogger(__name__)

LEASE_S = 1.2
RENEW_EVERY_S = 0.4
_NO_CUTOVER_LEASE_S = 6.0
_NO_CUTOVER_EVERY_S = 4.0
"""Where no cutover was prepared nothing can change soon: there are no tables yet."""
_WAIT_S = 1.0

Clock = Callable[[], float]


@dataclass(frozen=True)
class Ticket:
    """Leave to publish one message. ``backend`` is where; ``until`` is when the lease that says so
    runs out, 0 where there is none: then it is ``both``, and ``last`` is the last one known."""

    revision: int | None
    backend: NotifyBackend
    last: NotifyBackend | None
    until: float

    @property
    def sure(self) -> bool:
        """Whether there was a lease."""
        return self.until > 0


class StateLease:
    """What this process may believe of the state, and what it tells of itself.

    A revision counts as applied once no message is being published by an older one. May be used
    from any thread, and after a fork, which makes it somebody new.
    """

    def __init__(self, connect: Connect, clock: Clock = time.monotonic) -> None:
        self._connect = connect
        self._clock = clock
        self.counts: Counter[str] = Counter()
        """Figures that are told with the next renewal."""
        self._fork_lock = threading.Lock()
        self._start_over()
        atexit.register(self.close)

    def begin(self) -> Ticket:
        """Leave for one message; has to be given to ``end``. Waits for a lease, a second at most,
        and not at all while the database does not answer."""
        self._mind_forks()
        with self._changed:
            if not self._is_held():
                self._ask_and_wait()
            state = self._state
            if self._is_held() and state is not None:
                ticket = Ticket(state.revision, state.backend, state.backend, self._until)
            else:
                self.counts["without-lease"] += 1
                known = None if state is None else state.backend
                revision = 0 if state is None else state.revision
                ticket = Ticket(revision, NotifyBackend.BOTH, known, 0.0)
            self._in_flight[ticket.revision or 0] += 1
            return ticket

    def end(self, ticket: Ticket) -> bool:
        """The message was published, or not. Whether the lease held all the time: if not, the state
        may have changed under it, and the message may be missing where it belongs by now."""
        with self._changed:
            revision = ticket.revision or 0
            self._in_flight[revision] -= 1
            if not self._in_flight[revision]:
                del self._in_flight[revision]
                if self._state is not None and revision < self._state.revision:
                    self._wanted = True  # somebody waits to hear that it is done
                    self._changed.notify_all()
            return not ticket.sure or self._clock() < ticket.until

    def close(self) -> None:
        """Say that this process publishes no more."""
        if self._pid != os.getpid():
            return
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(1.0)

    def _start_over(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._state: SiteState | None = None
        self._until = 0.0
        self._in_flight: Counter[int] = Counter()
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._asked_at: float | None = None
        self._failing = False
        self._closing = False

    def _mind_forks(self) -> None:
        """A forked process has no thread of its parent's, and shall not use its connection."""
        if self._pid != os.getpid():
            with self._fork_lock:
                if self._pid != os.getpid():
                    self._start_over()

    def _is_held(self) -> bool:
        return self._clock() < self._until

    def _ask_and_wait(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._keep, name="wsmigrate-state-lease", daemon=True
            )
            self._closing = False
            self._thread.start()
        self._wanted = True
        self._changed.notify_all()
        if self._asked_at is None:
            self._asked_at = self._clock()
        wait_s = self._asked_at + _WAIT_S - self._clock()
        if not self._failing and wait_s > 0:
            self._changed.wait_for(lambda: self._is_held() or self._failing, wait_s)

    def _keep(self) -> None:
        source = StateSource(self._connect, "publisher", uuid.uuid4().hex)
        applied: int | None = None
        while True:
            applied = self._renew(source, applied)
            with self._changed:
                if not self._wanted and not self._closing:
                    self._changed.wait_for(
                        lambda: self._wanted or self._closing, self._pause_s(applied)
                    )
                self._wanted = False
                if self._closing:
                    break
        source.end()

    def _renew(self, source: StateSource, applied: int | None) -> int | None:
        """Tell and ask. What is told is what was true before the question."""
        with self._changed:
            applied = self._applied() if applied is not None else None
            facts = dict(self.counts)
        asked_at = self._clock()
        try:
            state = source.follow(applied, facts)
        except UnavailableError as error:
            self._failed(error)
            return applied
        with self._changed:
            if self._failing:
                logger.warning("The state of the cutover can be read again")
            self._failing, self._asked_at = False, None
            lease_s = LEASE_S if state.revision else _NO_CUTOVER_LEASE_S
            self._state, self._until = state, asked_at + lease_s
            self._changed.notify_all()
            return state.revision if applied is None else applied

    def _failed(self, error: UnavailableError) -> None:
        with self._changed:
            if not self._failing:
                logger.warning("%s Messages go to RabbitMQ and to the layer until it can", error)
            self._failing = True
            self._changed.notify_all()

    def _applied(self) -> int:
        current = 0 if self._state is None else self._state.revision
        return min([current, *self._in_flight])

    def _pause_s(self, told: int | None) -> float:
        """Until the next renewal: nothing, if there is something new to tell."""
        if told is not None and told != self._applied():
            return 0.0
        known = self._state is not None and self._state.revision == 0
        return _NO_CUTOVER_EVERY_S if known else RENEW_EVERY_S
