"""Starts the processes of the relay's benchmark."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.calls import CHECKOUT
from dev_stack.logs import last_words
from dev_stack.parts import base_environment
from dev_stack.runtime import Runtime
from wsmigrate.errors import UnavailableError

_START_S = 90.0


@dataclass(frozen=True)
class Player:
    """A process that plays a role."""

    process: subprocess.Popen[str]
    log: Path

    def wait_until_ready(self) -> None:
        """Until what it does counts."""
        self._wait_until_it_says("ready")

    def wait_until_done(self) -> None:
        """Until it has done what it was told a number of."""
        self._wait_until_it_says("done")

    def _wait_until_it_says(self, word: str) -> None:
        if self._output.readline().strip() != word:
            raise UnavailableError(f"A part of the benchmark failed; {last_words(self.log)}")

    def result(self) -> dict[str, Any]:
        """Have it end; what it found."""
        output, _ = self.process.communicate(timeout=180)
        lines = output.strip().splitlines()
        if self.process.returncode != 0 or not lines:
            raise UnavailableError(f"A part of the benchmark failed; {last_words(self.log)}")
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    @property
    def _output(self) -> IO[str]:
        if self.process.stdout is None:
            raise RuntimeError("its output was not asked for")
        return self.process.stdout


@dataclass(frozen=True)
class RunningBridge:
    """A bridge and its endpoints."""

    process: subprocess.Popen[str]
    admin: int

    def held(self) -> list[str]:
        """The inboxes that it holds, once it is ready; none before."""
        try:
            said = json.loads(self._get("/readyz"))
        except OSError:
            return []
        return list(said["held"]) if said["ready"] else []

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=5) as answer:
            return str(answer.read().decode())


class Troupe:
    """Starts processes with one environment; each ends with its ``with`` block."""

    def __init__(self, runtime: Runtime, dsn: str, environment: Mapping[str, str]) -> None:
        """``dsn``: of the database of their layer."""
        self._runtime = runtime
        self.dsn = dsn
        self._environment = dict(environment)

    def migrate(self) -> None:
        """Make the layer's tables."""
        words = ("-m", "django", "migrate", "--database", "channels_postgres")
        with self._process("migrate", *words) as (process, log):
            process.communicate(timeout=_START_S)
            if process.returncode != 0:
                raise UnavailableError(f"The tables could not be made; {last_words(log)}")

    def play(self, role: str, **options: Any) -> dict[str, Any]:
        """Play a role to its end."""
        with self.playing(role, **options) as player:
            return player.result()

    @contextlib.contextmanager
    def playing(self, role: str, **options: Any) -> Iterator[Player]:
        """Play a role meanwhile."""
        words = ("-m", "benchmarks.relaying.roles", role, json.dumps(options))
        with self._process(role, *words) as (process, log):
            yield Player(process, log)

    @contextlib.contextmanager
    def bridge(self, **environment: str) -> Iterator[RunningBridge]:
        """A bridge, as it is."""
        admin = self._runtime.ports.free()
        words = ("-m", "migrate_cli", "bridge", "run", "--admin", str(admin))
        with self._process("bridge", *words, **environment) as (process, _):
            yield RunningBridge(process, admin)

    @contextlib.contextmanager
    def server(self) -> Iterator[str]:
        """The new server; its URL."""
        port = self._runtime.ports.free()
        words = ("-m", "migrate_cli", "serve", "--port", str(port))
        with self._process("serve", *words) as (process, log):
            until(lambda: _listens(port) or process.poll() is not None, log)
            yield f"ws://127.0.0.1:{port}"

    @contextlib.contextmanager
    def _process(
        self, name: str, *words: str, **environment: str
    ) -> Iterator[tuple[subprocess.Popen[str], Path]]:
        log = self._runtime.logs / f"{name}.log"
        marks = self._runtime.mark.of_part(name).environ()
        with log.open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=CHECKOUT,
                env={
                    **base_environment(os.environ),
                    **self._environment,
                    **environment,
                    **marks,
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            yield process, log
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.communicate()


def until(condition: Any, log: Path | None = None, within_s: float = _START_S) -> None:
    """Wait for a condition. Raises UnavailableError."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            words = last_words(log) if log else ""
            raise UnavailableError(f"A part of the benchmark did not get ready. {words}")
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
