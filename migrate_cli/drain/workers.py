"""Closing the sockets of a uWSGI server worker by worker.

The published legacy server does not survive a client that leaves: ``sys.exit`` within a greenlet
wedges the worker, its other sockets fall silent without being closed, and it heeds no SIGTERM. So
no socket of it is closed while others of the same worker are to go on: the worker is ended with all
of them, by SIGKILL to its process; the kernel then closes the sockets, and uWSGI's master starts a
new worker, which nobody is sent to any more.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrate_cli.drain.closers import Silence
from migrate_cli.routers import sockets
from migrate_cli.routers.sockets import Connection
from wsmigrate.errors import ConfigError, UnavailableError

_PROC = Path("/proc")


@dataclass(frozen=True)
class Worker:
    """A worker process. ``open`` are the connections of its clients, the oldest first; ``gone`` is
    how many more have been left by their clients without the worker taking note."""

    pid: int
    open: tuple[Connection, ...]
    gone: int


@dataclass
class WorkerCloser:
    """Ends the workers of the uWSGI master ``master`` that hold connections to ``port``.

    Workers that may be wedged already go first, then those with the fewest sockets. With ``spread``
    the sockets of a worker are closed at the pace of the drain, and then the worker is ended: fewer
    come back at once, but from the first one on the others of that worker may be silent, which is
    counted; and a published worker may end by itself, with all the rest, once several have left.
    """

    master: int
    port: int
    spread: bool = False
    end: Callable[[int], None] = field(default=lambda pid: os.kill(pid, signal.SIGKILL))
    _silent_since: dict[int, float] = field(default_factory=dict)
    _silences: list[Silence] = field(default_factory=list)

    def left(self) -> int:
        """See Closer."""
        return sum(len(worker.open) for worker in self.workers())

    def smallest(self) -> int:
        """See Closer."""
        if self.spread:
            return 1
        sizes = [len(worker.open) for worker in self._in_order() if worker.open]
        return max(1, sizes[0]) if sizes else 1

    def close(self, most: int, now: float) -> int:
        """See Closer."""
        closed = 0
        for worker in self._in_order():
            self._note(worker, now)
            if self.spread:
                closed += self._close_some(worker, most - closed, now)
            elif closed + len(worker.open) <= most:
                self._end(worker, now)
                closed += len(worker.open)
            if closed >= most or (not self.spread and len(worker.open) > most - closed):
                break
        return closed

    def finish(self, now: float) -> None:
        """See Closer. A worker that a client has left may be wedged, and would take handshakes
        without answering them."""
        for worker in self.workers():
            if worker.gone and not worker.open:
                self._end(worker, now)

    def silences(self) -> list[Silence]:
        """See Closer."""
        return list(self._silences)

    def workers(self) -> list[Worker]:
        """The workers there are now. Raises UnavailableError where the master is gone."""
        pids = children_of(self.master)
        mine = [one for one in sockets.connections_of(pids) if one.local[1] == self.port]
        reset = sockets.broken_connections(pids, self.port)
        return [_worker(pid, [one for one in mine if one.pid == pid], reset[pid]) for pid in pids]

    def _in_order(self) -> list[Worker]:
        """Those that have something to be ended for."""
        found = [worker for worker in self.workers() if worker.open or worker.gone]
        return sorted(found, key=lambda worker: (not worker.gone, len(worker.open)))

    def _note(self, worker: Worker, now: float) -> None:
        if worker.gone:
            self._silent_since.setdefault(worker.pid, now)

    def _close_some(self, worker: Worker, most: int, now: float) -> int:
        closed = 0
        for connection in worker.open[: max(0, most)]:
            self._silent_since.setdefault(worker.pid, now)
            closed += sockets.shut_down(connection)
        if closed >= len(worker.open):
            self._end(worker, now)
        return closed

    def _end(self, worker: Worker, now: float) -> None:
        if worker.pid not in children_of(self.master):
            return  # it has ended by itself, and its number may be somebody else's
        self.end(worker.pid)
        since = self._silent_since.pop(worker.pid, None)
        if since is not None:
            self._silences.append(Silence(worker.pid, now - since, len(worker.open)))


def _worker(pid: int, mine: Sequence[Connection], reset: int) -> Worker:
    there = tuple(one for one in mine if not one.left)
    return Worker(pid, there, len(mine) - len(there) + reset)


def children_of(pid: int) -> list[int]:
    """The child processes of a process. Raises UnavailableError if it is gone."""
    found: list[int] = []
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            found += map(int, (task / "children").read_text("ascii").split())
    except OSError as error:
        raise UnavailableError(
            f"The process {pid}, uWSGI's master, is not there.",
            remedy="Name its pid file anew, and run the command on its machine.",
        ) from error
    return found


def master_of(pid_file: Path) -> int:
    """The master of a pid file (uWSGI's ``pidfile``). Raises ConfigError."""
    try:
        pid = int(pid_file.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{pid_file} names no process ({type(error).__name__}).",
            remedy="Set `pidfile` in uWSGI's settings, or give --uwsgi-pid.",
        ) from error
    children_of(pid)
    return pid
