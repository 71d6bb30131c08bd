"""A fixture project in a folder of its own, run by some Python with some variables."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
from websockets.sync.client import connect

from project import listens, wait_until

PROJECTS = Path(__file__).resolve().parents[3] / "projects"
ROOT = PROJECTS.parents[1]
_POST = """
import sys, django
django.setup()
from django.test import Client
for text in sys.argv[2:]:
    answer = Client().post(sys.argv[1], {FIELD: text})
    assert answer.status_code == 200, answer.content
"""


@dataclass
class SiteProcess:
    """A project, the Python that runs it, and the processes that were started of it."""

    folder: Path
    python: Path
    variables: Mapping[str, str]
    free_port: Callable[[], int]
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are started with."""
        return {**os.environ, **self.variables}

    def run(self, *arguments: str) -> str:
        """Run Python to its end; returns what it printed. Fails with that if it fails."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def post(self, path: str, name: str, texts: list[str]) -> None:
        """Post texts to the site, one after another, as the field ``name``."""
        self.run("-c", _POST.replace("FIELD", repr(name)), path, *texts)

    def start_old_server(self, module: str) -> str:
        """uWSGI with the project's WebSocket module; returns its URL."""
        port = self.free_port()
        self._start(
            [
                *(str(self.python.with_name("uwsgi")), "--http", f"127.0.0.1:{port}"),
                *("--http-websockets", "--module", module, "--gevent", "50"),
                *("--gevent-monkey-patch", "--master", "--die-on-term", "--need-app"),
                *("--disable-logging", "--pythonpath", str(self.folder)),
            ],
            "uwsgi",
            port,
        )
        return f"ws://127.0.0.1:{port}"

    def start_new_server(self) -> str:
        """``wsmigrate serve``; returns its URL."""
        port = self.free_port()
        self._start(
            [str(self.python), "-m", "migrate_cli", "serve", "--port", str(port)], "serve", port
        )
        return f"ws://127.0.0.1:{port}"

    def start_bridge(self) -> None:
        """A bridge; returns once it relays."""
        self._start([str(self.python), "-m", "migrate_cli", "bridge", "run"], "bridge", None)
        wait_until(lambda: "Relaying" in self.log("bridge"), lambda: self.log("bridge"))

    def log(self, name: str) -> str:
        """What a process has said."""
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def stop(self) -> None:
        """End every process that was started, and what these have started: workers of a uWSGI
        whose master had to be killed would stay."""
        family = [
            child
            for process in self._running
            if process.poll() is None
            for child in psutil.Process(process.pid).children(recursive=True)
        ]
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        for child in psutil.wait_procs(family, timeout=2)[1]:
            child.kill()

    def _start(self, command: list[str], log: str, port: int | None) -> None:
        with (self.folder / f"{log}.log").open("ab") as output:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=output, stderr=output
            )
        self._running.append(process)
        if port is not None:
            wait_until(lambda: listens(port) or process.poll() is not None, lambda: self.log(log))
            assert process.poll() is None, self.log(log)


@contextmanager
def recorded(url: str, room: str, file: Path, count: int) -> Iterator[None]:
    """Have the parity suite record a room of a server, as one of its clients, until it has so many
    messages."""
    command = [sys.executable, "-m", "migrate_cli", "parity", "record", room]
    with file.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--url", url, "--out", str(file)], stdout=log, stderr=log, cwd=ROOT
        )
    said = file.with_suffix(".log").read_text
    try:
        wait_until(lambda: "Recording" in said() or process.poll() is not None, said)
        yield
        wait_until(lambda: file.read_text().count('"frame":') >= count, said)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, said()
    finally:
        process.kill()
        process.wait(10)


def replayed(file: Path, url: str, amqp_url: str) -> subprocess.CompletedProcess[str]:
    """Have the parity suite publish a recording and compare what a server sends."""
    command = [sys.executable, "-m", "migrate_cli", "parity", "replay", str(file)]
    return subprocess.run(
        [*command, "--channels", url, "--publish", amqp_url],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=180,
    )


@contextmanager
def listening(*urls: str) -> Iterator[Callable[[int], list[list[str | bytes]]]]:
    """Clients of servers; the function returns what each got, once it has so many frames."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(connect(url, compression=None, open_timeout=30, close_timeout=1))
            for url in urls
        ]
        yield lambda count: [[one.recv(timeout=60) for _ in range(count)] for one in clients]


def layer_variables(dsn: str) -> dict[str, str]:
    """What the converted settings read of the layer's database."""
    parts = urlsplit(dsn)
    return {
        "LAYER_DB_NAME": parts.path.lstrip("/"),
        "LAYER_DB_USER": unquote(parts.username or ""),
        "LAYER_DB_PASSWORD": unquote(parts.password or ""),
        "LAYER_DB_HOST": parts.hostname or "",
        "LAYER_DB_PORT": str(parts.port or 5432),
    }
