"""What processes use: seconds of CPU, memory; and what the rest of the machine does meanwhile."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

import psutil

_GONE = (psutil.NoSuchProcess, psutil.ZombieProcess)


def family(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it."""
    with contextlib.suppress(*_GONE):
        main = psutil.Process(pid)
        return [main, *main.children(recursive=True)]
    return []


def cpu_s(pids: Iterable[int]) -> float:
    """Seconds of CPU of these processes and of all that descend from them, ended ones included:
    a backend of PostgreSQL that has ended counts with its parent."""
    used = 0.0
    for process in (one for pid in pids for one in family(pid)):
        with contextlib.suppress(*_GONE):
            times = process.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
    return used


def resident_bytes(pid: int) -> int:
    """The resident memory of a process and its descendants, shared pages counted for each."""
    size = 0
    for process in family(pid):
        with contextlib.suppress(*_GONE):
            size += process.memory_info().rss
    return size


def machine_cpu_s() -> float:
    """Seconds of CPU that the machine has used for anything, all cores together."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def own_cpu_s() -> float:
    """Seconds of CPU of this process alone."""
    times = os.times()
    return times.user + times.system
