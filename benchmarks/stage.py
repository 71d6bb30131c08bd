"""Servers under measurement: real processes, each with a publisher of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import backends
from benchmarks.calls import CHECKOUT, Helper
from benchmarks.client import PROGRESS_VARIABLE
from benchmarks.kinds import ServerKind, Service
from benchmarks.progress import Progress
from benchmarks.servers import settings, trigger
from benchmarks.services import Services
from dev_stack.logs import last_words
from dev_stack.parts import base_environment
from dev_stack.ports import HOST
from dev_stack.probes import http_answers
from dev_stack.runtime import Runtime
from wsmigrate.errors import UnavailableError

_TEMPLATE = "bench_template"
_READY_S = 60.0
_STOP_S = 5.0
_MIGRATE_S = 120.0
_LEGACY_CORES = 4000


@dataclass(frozen=True)
class RunningServer:
    """A server that takes handshakes, and the publisher to its rooms."""

    kind: ServerKind
    url: str
    pid: int
    service_pids: tuple[int, ...]
    publisher: Helper
    log: Path


class Stage:
    """Starts and ends what is measured, on services that run already."""

    def __init__(self, runtime: Runtime, services: Services) -> None:
        self._runtime = runtime
        self._services = services
        self._numbers = itertools.count()
        self._progress = Progress.make(runtime.folder / "progress")

    def prepare_database(self) -> None:
        """Make the tables once; each server gets a copy."""
        dsn = self._services.new_database(_TEMPLATE)
        log = self._runtime.logs / "migrate.log"
        command = (sys.executable, "-m", "django", "migrate", "--database", "channels_postgres")
        with log.open("ab") as output:
            finished = subprocess.run(
                command,
                cwd=CHECKOUT,
                env={**base_environment(os.environ), **self._django(dsn)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_MIGRATE_S,
                check=False,
            )
        if finished.returncode != 0:
            raise UnavailableError(f"The tables could not be made; {last_words(log)}")

    def client(self) -> Helper:
        """A client's process."""
        return self._helper("benchmarks.client", {})

    @contextlib.contextmanager
    def running(self, kind: ServerKind) -> Iterator[RunningServer]:
        """A new server with an empty database, and its publisher. Raises UnavailableError."""
        unique = f"{kind.name}_{next(self._numbers)}"
        with contextlib.ExitStack() as stack:
            env = self._environment(kind, unique, stack)
            port = self._runtime.ports.free()
            publisher = stack.enter_context(self._helper("benchmarks.publisher", env))
            log = self._runtime.logs / f"{unique}.log"
            process = stack.enter_context(self._process(kind, port, env, log))
            _wait_until_ready(process, port, log)
            pids = self._services.pids(kind.service) if kind.service else ()
            url = f"ws://{HOST}:{port}"
            yield RunningServer(kind, url, process.pid, tuple(pids), publisher, log)

    def _environment(
        self, kind: ServerKind, unique: str, stack: contextlib.ExitStack
    ) -> dict[str, str]:
        env = {backends.VARIABLE: kind.publishes_to}
        if kind.service is Service.POSTGRES:
            name = f"bench_{unique}"
            env |= self._django(self._services.new_database(name, _TEMPLATE), kind.name)
            stack.callback(self._services.drop_database, name)
        elif kind.service is Service.REDIS:
            url = self._services.url(Service.REDIS)
            env |= {**self._django("", kind.name), settings.REDIS_VARIABLE: url}
        elif kind.service is Service.RABBITMQ:
            env["WSMIGRATE_AMQP_URL"] = self._services.url(Service.RABBITMQ)
        else:
            env[trigger.VARIABLE] = str(self._runtime.folder / f"{unique}.sock")
        return env

    def _django(self, dsn: str, layer: str = "") -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "benchmarks.servers.settings",
            settings.DSN_VARIABLE: dsn,
            settings.LAYER_VARIABLE: layer,
        }

    def _helper(self, module: str, env: dict[str, str]) -> Helper:
        log = self._runtime.logs / f"{module.rpartition('.')[2]}.log"
        marks = self._runtime.mark.of_part(module).environ()
        return Helper(module, {**env, **marks, PROGRESS_VARIABLE: str(self._progress)}, log)

    @contextlib.contextmanager
    def _process(
        self, kind: ServerKind, port: int, env: dict[str, str], log: Path
    ) -> Iterator[subprocess.Popen[bytes]]:
        if kind.application is None:
            command: tuple[str, ...] = (sys.executable, "-m", "legacy_uwsgi_ws")
            env = {
                **env,
                "LEGACY_WS_LISTEN": f"{HOST}:{port}",
                "LEGACY_WS_CORES": str(_LEGACY_CORES),
            }
        else:
            command = _uvicorn(kind.application, port, lifespan=kind.lifespan)
        marks = self._runtime.mark.of_part(kind.name).environ()
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env={**base_environment(os.environ), **env, **marks},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            _end(process)


def _uvicorn(application: str, port: int, *, lifespan: bool) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "uvicorn", application, "--host", HOST, "--port", str(port)),
        *("--loop", "asyncio", "--ws", "websockets-sansio"),
        *("--ws-per-message-deflate", "false", "--lifespan", "on" if lifespan else "off"),
        *("--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "2"),
    )


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    probe = http_answers(port)
    deadline = time.monotonic() + _READY_S
    while not probe():
        if process.poll() is not None or time.monotonic() > deadline:
            raise UnavailableError(f"The server does not start; {last_words(log)}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # and what it has started
    process.wait()
