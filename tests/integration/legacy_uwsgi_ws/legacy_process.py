"""Starts the old server as its users do, and ends it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

CHECKOUT = Path(__file__).resolve().parents[3]
INI = CHECKOUT / "legacy_uwsgi_ws" / "uwsgi.ini"
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0


def until(condition: object, timeout_s: float) -> bool:
    """Whether the condition comes true in that time."""
    assert callable(condition)
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class LegacyProcess:
    """A running server: ``with LegacyProcess(uwsgi, environ, log) as server``."""

    def __init__(self, uwsgi: Path, environ: dict[str, str], log: Path, port: int) -> None:
        self.port = port
        self.log = log
        self.url = f"ws://127.0.0.1:{self.port}"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [uwsgi, "--ini", INI],
                env={
                    "PATH": os.environ["PATH"],
                    "LEGACY_WS_LISTEN": f"127.0.0.1:{self.port}",
                    **environ,
                },
                cwd=log.parent,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> LegacyProcess:
        try:
            if not until(
                lambda: self.process.poll() is not None or self._answers(), _START_TIMEOUT_S
            ):
                raise TimeoutError(self.log.read_text())
            if self.process.poll() is not None:
                raise ChildProcessError(self.log.read_text())
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._kill()

    def stop(self) -> int:
        """SIGTERM to the master; its exit code. Raises subprocess.TimeoutExpired."""
        self.process.terminate()
        return self.process.wait(_STOP_TIMEOUT_S)

    def _kill(self) -> None:
        """End the whole session at once, which is a second faster than to ask the master."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # ended by the test
        finally:
            self.process.wait()

    @property
    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def get(
        self, path: str, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        """A plain HTTP request: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    def _answers(self) -> bool:
        try:
            return self.get("/")[0] == 426
        except (OSError, http.client.HTTPException):
            return False
