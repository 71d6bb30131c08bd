"""The processes of an nginx on this machine, by the pid file of its master."""

from __future__ import annotations

from pathlib import Path

from migrate_cli.routers.files import read_file
from wsmigrate.errors import UnavailableError

_PROC = Path("/proc")


def processes_of(pid_file: Path) -> list[int]:
    """All of its processes. Workers that a reload has told to end are among them until their last
    client is gone. Raises UnavailableError if it does not run."""
    master = _master(pid_file)
    return [master, *_children(master)]


def open_workers(pid_file: Path) -> frozenset[int]:
    """The workers that take connections. Raises UnavailableError."""
    workers = frozenset(_children(_master(pid_file)))
    return workers - ended_workers(pid_file, workers)


def ended_workers(pid_file: Path, workers: frozenset[int]) -> frozenset[int]:
    """Those of some workers that are gone, or take no connections any more: nginx says so in their
    titles (ngx_process_cycle.c). Raises UnavailableError."""
    there = frozenset(_children(_master(pid_file)))
    return frozenset(pid for pid in workers if pid not in there or _is_shutting_down(pid))


def _master(pid_file: Path) -> int:
    try:
        pid = int(read_file(pid_file).strip())
    except ValueError as error:
        raise UnavailableError(f"The pid file {pid_file} names no process.") from error
    if not (_PROC / str(pid)).exists():
        raise UnavailableError(f"The process {pid} of the pid file {pid_file} is gone.")
    return pid


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            found += map(int, (task / "children").read_text("ascii").split())
    except OSError:
        return found
    return found


def _is_shutting_down(pid: int) -> bool:
    try:
        title = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return True
    return b"shutting down" in title
