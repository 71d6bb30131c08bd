"""Marks: how the processes of a stack are found again, whatever became of their parents.

A child inherits its parent's environment, also when it makes itself a daemon, opens a session of
its own or outlives a killed parent. So each part is started with a variable that names the stack
and the part, and ``/proc`` tells who carries it. A list of process ids could miss a child that was
started a moment before the owner was killed; this cannot.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

VARIABLE = "WSMIGRATE_STACK_MARK"

_POLL_S = 0.05
_GONE = (psutil.NoSuchProcess, psutil.ZombieProcess)


@dataclass(frozen=True)
class Mark:
    """Names a stack, or one part of it. ``stack`` is unique on the machine and holds no slash."""

    stack: str
    part: str = ""

    def of_part(self, part: str) -> Mark:
        """The mark of one part of the same stack."""
        return Mark(self.stack, part)

    def environ(self) -> dict[str, str]:
        """What a marked process has in its environment."""
        return {VARIABLE: f"{self.stack}/{self.part}"}

    def is_in(self, environ: bytes) -> bool:
        """Whether an environment, as ``/proc/<pid>/environ`` gives it, carries this mark."""
        entry = f"\0{VARIABLE}={self.stack}/{self.part}".encode()
        return entry + (b"\0" if self.part else b"") in b"\0" + environ


def marked_processes(mark: Mark) -> list[psutil.Process]:
    """The live processes that carry the mark, and all that descend from them."""
    found: dict[int, psutil.Process] = {}
    for pid in psutil.pids():
        if not mark.is_in(_environ(pid)):
            continue
        with contextlib.suppress(*_GONE):
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                found[one.pid] = one
    found.pop(os.getpid(), None)
    return [process for process in found.values() if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs. A zombie does not: its parent, or init, only has to take note of its end."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except _GONE:
        return False


def end_marked(mark: Mark, *, grace_s: float, patience_s: float = 10.0) -> list[int]:
    """End the processes that carry the mark: SIGTERM, and after ``grace_s`` seconds SIGKILL.

    Looks again until nothing is left, because a process may have started another one meanwhile.
    Returns the ids of those that are still there after ``patience_s`` seconds more, normally none.
    """
    processes = marked_processes(mark)
    if grace_s > 0:
        _signal(processes, psutil.Process.terminate)
        _wait_until_gone(processes, grace_s)
    deadline = time.monotonic() + patience_s
    empty_looks = 0
    while empty_looks < 2 and time.monotonic() < deadline:
        left = marked_processes(mark)
        # A child that was just forked carries the mark only once it has executed its program.
        empty_looks = 0 if left else empty_looks + 1
        _signal(left, psutil.Process.kill)
        _wait_until_gone(left, 1.0)
        time.sleep(_POLL_S)
    return [process.pid for process in marked_processes(mark)]


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # it ended, or it belongs to somebody else and cannot be ours
        return b""


def _signal(processes: Iterable[psutil.Process], send: Callable[[psutil.Process], object]) -> None:
    for process in processes:
        # psutil compares the start time first, so an id that was given anew is not hit.
        with contextlib.suppress(*_GONE, psutil.AccessDenied):
            send(process)


def _wait_until_gone(processes: Iterable[psutil.Process], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    waiting = list(processes)
    while waiting and time.monotonic() < deadline:
        waiting = [process for process in waiting if is_alive(process)]
        time.sleep(_POLL_S)
