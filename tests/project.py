"""The sample site's processes, one by one, for tests that act on each of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "examples" / "chatire"
START_LIMIT_S = 60


@dataclass
class Project:
    """A Django project with services of its own. Everything it starts is ended by ``stop``."""

    amqp_url: str
    postgres_dsn: str
    folder: Path
    free_port: Callable[[], int]
    variables: Mapping[str, str] = field(default_factory=dict)
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that its processes are started with."""
        return {
            **os.environ,
            "WSMIGRATE_AMQP_URL": self.amqp_url,
            "WSMIGRATE_POSTGRES_DSN": self.postgres_dsn,
            "CHATIRE_DATABASE": str(self.folder / "site.sqlite3"),
            "DJANGO_SETTINGS_MODULE": "chatire.settings",
            "PYTHONPATH": str(SITE),
            **self.variables,
        }

    def migrate(self) -> None:
        """Make the layer's tables."""
        self.run("manage.py", "migrate", "--database", "channels_postgres")

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Python in the project's folder to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=SITE,
            env=self.environment,
            capture_output=True,
            text=True,
            check=check,
            timeout=120,
        )

    def start(self, *arguments: str, log: str) -> subprocess.Popen[bytes]:
        """Start Python in the project's folder; its output goes to ``<log>.log``."""
        with (self.folder / f"{log}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=SITE,
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        self._running.append(process)
        return process

    def start_server(
        self, application: str = "chatire.asgi:application", log: str = "channels"
    ) -> tuple[str, subprocess.Popen[bytes]]:
        """The new server; returns its URL once it listens."""
        port = self.free_port()
        process = self.start(
            *("-m", "uvicorn", application, "--host", "127.0.0.1"),
            *("--port", str(port), "--ws", "websockets-sansio", "--lifespan", "on"),
            *("--ws-per-message-deflate", "false", "--timeout-graceful-shutdown", "3"),
            log=log,
        )
        wait_until(lambda: listens(port), self.log(log))
        return f"ws://127.0.0.1:{port}", process

    def start_bridge(self, log: str = "bridge") -> subprocess.Popen[bytes]:
        """A bridge; returns once it relays."""
        before = self.log(log)().count("Relaying")
        process = self.start("-m", "migrate_cli", "bridge", "run", log=log)
        wait_until(lambda: self.log(log)().count("Relaying") > before, self.log(log))
        return process

    def log(self, name: str) -> Callable[[], str]:
        """Reads a log, when called."""
        path = self.folder / f"{name}.log"
        return lambda: path.read_text() if path.exists() else ""

    def stop(self) -> None:
        """End every process that was started."""
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(10)


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port of 127.0.0.1."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    condition: Callable[[], bool],
    what_was_said: Callable[[], str] = lambda: "",
    limit_s: float = START_LIMIT_S,
) -> None:
    """Wait, and fail with what a process said meanwhile."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {limit_s} s. Its log:\n{what_was_said()[-2000:]}")
        time.sleep(0.05)
