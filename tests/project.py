"""The sample site's processes, one by one, for tests that act on each of them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "examples" / "chatire"
START_LIMIT_S = 60


@dataclass(frozen=True)
class Served:
    """A running ``wsmigrate serve``."""

    process: subprocess.Popen[bytes]
    port: int
    admin_port: int
    log: Callable[[], str]

    @property
    def url(self) -> str:
        """Where its WebSockets are; append ``/<room>``."""
        return f"ws://127.0.0.1:{self.port}"

    def status(self, path: str, *, admin: bool = True) -> int:
        """The HTTP status of a path; 0 where nobody answers."""
        return self.get(path, admin=admin)[0]

    def get(self, path: str, *, admin: bool = True) -> tuple[int, str]:
        """The HTTP status and body of a path."""
        port = self.admin_port if admin else self.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except ConnectionError:
            return 0, ""
        finally:
            connection.close()

    def not_ready_for(self) -> list[str]:
        """The reasons that the readiness endpoint gives; none if it is ready."""
        status, body = self.get("/readyz")
        reasons: list[str] = json.loads(body)["reasons"]
        assert status == (503 if reasons else 200)
        return reasons

    def figure(self, series: str) -> float:
        """A figure of the metrics; 0 for a series that has not begun."""
        for line in self.get("/metrics")[1].splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0


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
        self,
        application: str = "chatire.asgi:application",
        log: str = "channels",
        lifespan: str = "on",
    ) -> tuple[str, subprocess.Popen[bytes]]:
        """The new server; returns its URL once it listens."""
        port = self.free_port()
        process = self.start(
            *("-m", "uvicorn", application, "--host", "127.0.0.1"),
            *("--port", str(port), "--ws", "websockets-sansio", "--lifespan", lifespan),
            *("--ws-per-message-deflate", "false", "--timeout-graceful-shutdown", "3"),
            log=log,
        )
        wait_until(lambda: listens(port), self.log(log))
        return f"ws://127.0.0.1:{port}", process

    def serve(
        self,
        *options: str,
        log: str = "serve",
        command_line: tuple[str, str] = ("-m", "migrate_cli"),
    ) -> Served:
        """``wsmigrate serve`` with admin endpoints; returns once it serves."""
        port, admin_port = self.free_port(), self.free_port()
        process = self.start(
            *(*command_line, "serve", "--port", str(port), "--admin", str(admin_port)),
            *options,
            log=log,
        )
        served = Served(process, port, admin_port, self.log(log))
        wait_until(lambda: listens(port) or process.poll() is not None, self.log(log))
        assert process.poll() is None, self.log(log)()
        return served

    def start_bridge(self, log: str = "bridge") -> subprocess.Popen[bytes]:
        """A bridge; returns once it relays."""
        before = self.log(log)().count("Relaying")
        process = self.start("-m", "migrate_cli", "bridge", "run", log=log)
        wait_until(lambda: self.log(log)().count("Relaying") > before, self.log(log))
        return process

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL in the layer's database; its rows."""
        with psycopg.connect(self.postgres_dsn, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

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
