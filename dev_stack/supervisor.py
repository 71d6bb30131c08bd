"""The supervisor: starts parts, waits until they are ready, starts again those that die."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import psutil

from dev_stack.marks import Mark
from dev_stack.parts import Change, Part, PartSpec, PartState
from wsmigrate.errors import UnavailableError, WsmigrateError

_STEP_S = 0.1
_TICK_S = 1.0

Report = Callable[[str], None]


class StoppedError(WsmigrateError):
    """Whoever owns the stack asked it to stop while something was still being waited for."""


class StopRequest:
    """Asks a stack to stop; safe in a signal handler and in any thread."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._in_a_hurry = threading.Event()

    @property
    def in_a_hurry(self) -> bool:
        """Whether it was asked for more than once: then nobody waits for an orderly end."""
        return self._in_a_hurry.is_set()

    def make(self) -> None:
        """Ask, or ask again."""
        (self._in_a_hurry if self._wanted.is_set() else self._wanted).set()

    def came_within(self, seconds: float) -> bool:
        """Wait for the request for so long at most; whether it has been made."""
        return self._wanted.wait(seconds)

    def raise_if_made_within(self, seconds: float) -> None:
        """Wait likewise, and raise StoppedError if the request has been made."""
        if self.came_within(seconds):
            raise StoppedError("The stack was stopped before it was ready.")


class Supervisor:
    """Looks after the parts in a thread of its own, from the first ``start`` until ``stop``.

    ``report`` gets a sentence about each start, crash and restart, ``on_tick`` is called about once
    a second; both in the supervisor's thread.
    """

    def __init__(
        self,
        mark: Mark,
        logs: Path,
        *,
        report: Report,
        stop_request: StopRequest,
        on_tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.stop_request = stop_request
        self._mark = mark
        self._logs = logs
        self._report = report
        self._on_tick = on_tick
        self._parts: dict[str, Part] = {}
        self._started: dict[str, float] = {}
        self._fault: Exception | None = None
        self._ended = threading.Event()
        self._errands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, spec: PartSpec) -> None:
        """Start a part, and start it again whenever it dies. Does not wait until it is ready."""
        part = Part(spec, self._mark.of_part(spec.name), self.log_of(spec.name))
        self._started[spec.name] = time.monotonic()
        self._parts = {**self._parts, spec.name: part}  # the thread may be iterating over the old
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
            self._thread.start()

    def log_of(self, name: str) -> Path:
        """The file that a part's output goes to."""
        return self._logs / f"{name}.log"

    def wait_until_ready(self, *names: str) -> None:
        """Wait for these parts. Raises UnavailableError if one is given up, StoppedError if a stop
        is requested meanwhile."""
        while not all(self._parts[name].state is PartState.READY for name in names):
            self.raise_fault()
            for name in names:
                if self._parts[name].state is PartState.FAILED:
                    raise UnavailableError(
                        f"A part of the stack does not start: {self._parts[name].trouble}"
                    )
            self.stop_request.raise_if_made_within(_STEP_S / 2)

    def raise_fault(self) -> None:
        """Raise what went wrong in the supervisor itself, if anything did."""
        if self._fault is not None:
            raise self._fault

    def hold(self, name: str) -> None:
        """Stop a part, and leave it stopped until it is released. Returns when it has ended."""
        part = self._parts[name]
        self._in_thread(part.ask_to_stop)
        deadline = time.monotonic() + part.spec.stop_grace_s
        while not part.has_ended() and time.monotonic() < deadline:
            time.sleep(_STEP_S / 2)
        self._in_thread(part.end)

    def release(self, name: str) -> None:
        """Start a part that is held, and wait until it is ready. Raises what
        ``wait_until_ready`` raises."""
        self._started[name] = time.monotonic()
        self._in_thread(self._parts[name].release)
        self.wait_until_ready(name)

    def is_ready(self, name: str) -> bool:
        """Whether a part that was started is ready at this moment."""
        return self._parts[name].state is PartState.READY

    def all_ready(self) -> bool:
        """Whether every part that is not held is ready at this moment."""
        return all(
            part.state in {PartState.READY, PartState.STOPPED} for part in self._parts.values()
        )

    def pids(self) -> dict[str, list[int]]:
        """The processes of each part: the main one first, then all that descend from it."""
        children: dict[int, list[int]] = {}
        for pid, parent in _parents().items():
            children.setdefault(parent, []).append(pid)
        mains = {name: part.pid for name, part in self._parts.items()}
        return {name: _family(pid, children) for name, pid in mains.items() if pid is not None}

    def stop(self) -> None:
        """Stop all parts: first those that need others, at last those that others need.

        A part that does not end within its grace, or any when a stop is requested once more, is
        killed. What the parts leave behind is for the guardian to end.
        """
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        parts = list(self._parts.values())
        self._stop([part for part in parts if not part.spec.others_need_it])
        self._stop([part for part in parts if part.spec.others_need_it])

    def _stop(self, parts: Collection[Part]) -> None:
        asked_at = time.monotonic()
        for part in parts:
            part.ask_to_stop()
        waiting = list(parts)
        while waiting and not self.stop_request.in_a_hurry:
            waited = time.monotonic() - asked_at
            waiting = [p for p in waiting if not p.has_ended() and waited < p.spec.stop_grace_s]
            time.sleep(_STEP_S / 2)
        for part in parts:
            part.kill()

    def _run(self) -> None:
        try:
            self._look_after_parts()
        except Exception as error:
            self._fault = error

    def _look_after_parts(self) -> None:
        next_tick = time.monotonic() + _TICK_S
        while not self._ended.wait(_STEP_S):
            while not self._errands.empty():
                self._errands.get()()
            for part in self._parts.values():
                change = part.step(time.monotonic())
                if change is not None:
                    self._tell(part, change)
            if time.monotonic() >= next_tick:
                self._on_tick()
                next_tick = time.monotonic() + _TICK_S

    def _in_thread(self, errand: Callable[[], None]) -> None:
        """Parts live in the supervisor's thread. Returns when it is done."""
        done = threading.Event()

        def run() -> None:
            errand()
            done.set()

        self._errands.put(run)
        while not done.wait(_STEP_S):
            self.raise_fault()
            if self._ended.is_set():
                raise StoppedError("The stack was stopped meanwhile.")

    def _tell(self, part: Part, change: Change) -> None:
        name = part.spec.name
        if change is Change.CRASHED:
            self._report(f"{part.trouble}; starting it again")
            self._started[name] = time.monotonic()
        elif change is not Change.FAILED:  # wait_until_ready raises that
            self._report(f"{name} {change.value} ({time.monotonic() - self._started[name]:.1f} s)")


def _parents() -> dict[int, int]:
    """Every process of the machine and its parent, in one pass."""
    found = psutil.process_iter(["ppid"])
    return {process.pid: process.info["ppid"] for process in found}


def _family(pid: int, children: dict[int, list[int]]) -> list[int]:
    found = [pid]
    for member in found:  # grows while it is walked: a breadth-first search
        found.extend(sorted(children.get(member, [])))
    return found
