"""Bridges of a test: many real processes, started within a moment, killed and frozen at will."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from project import SITE, Project, wait_until

HERE = Path(__file__).parent


@dataclass(frozen=True)
class BridgeProcess:
    """A bridge; ``log`` is its file, ``admin`` the port of its endpoints."""

    pid: int
    log: Path
    admin: int

    @property
    def is_running(self) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        return False

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def said(self) -> str:
        return self.log.read_text()

    def relays(self) -> bool:
        return "Relaying" in self.said()

    def figure(self, name: str) -> float:
        """The sum of a metric over all labels; of a scrape that fails, 0."""
        names = (f"wsmigrate_bridge_{name}", f"wsmigrate_bridge_{name}_total")
        return sum(
            float(line.rpartition(" ")[2])
            for line in self.get("/metrics")[1].splitlines()
            if line.partition("{")[0].partition(" ")[0] in names
        )

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of an endpoint; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.admin}{path}", timeout=5
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


class Bridges:
    """Starts bridges of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._nursery: subprocess.Popen[str] | None = None
        self.all: list[BridgeProcess] = []

    def start(self, *, dies_at: str = "-", wait: bool = True) -> BridgeProcess:
        """A bridge. ``wait``: until it relays its share."""
        number = len(self.all)
        log = self._project.folder / f"bridge-{number}.log"
        log.touch()
        admin = self._project.free_port()
        nursery = self._running_nursery()
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        nursery.stdin.write(f"start {log} {admin} {dies_at}\n")
        nursery.stdin.flush()
        process = BridgeProcess(int(nursery.stdout.readline()), log, admin)
        self.all.append(process)
        if wait:
            wait_until(lambda: process.relays() or not process.is_running, self.said)
            assert process.is_running, process.said()
        return process

    def said(self) -> str:
        """The ends of the last logs, and who holds what."""
        with psycopg.connect(self._project.postgres_dsn) as connection:
            leases = connection.execute(
                "SELECT inbox, holder, fence, (expires_at - clock_timestamp())::text"
                " FROM wsmigrate_lease ORDER BY inbox"
            ).fetchall()
        logs = [f"{one.log.name}: {one.said()[-1500:]} {one.get('/readyz')}" for one in self.all]
        return "\n".join([*logs[-3:], *map(str, leases)])

    def stop(self) -> None:
        for process in self.all:
            if process.is_running:
                process.send(signal.SIGCONT)
                process.send(signal.SIGKILL)
        if self._nursery is not None:
            self._nursery.kill()
            self._nursery.communicate()

    def _running_nursery(self) -> subprocess.Popen[str]:
        if self._nursery is None:
            self._nursery = subprocess.Popen(
                [sys.executable, str(HERE / "nursery.py")],
                cwd=SITE,
                env=self._project.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._nursery


def until(condition: object, what: str, within_s: float) -> float:
    """Wait for a condition; how many seconds it took."""
    begun = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - begun < within_s, f"after {within_s} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - begun
