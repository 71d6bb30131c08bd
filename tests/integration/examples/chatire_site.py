"""Runs the sample site as a process, and talks to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from dev_stack.ports import Ports

CHECKOUT = Path(__file__).resolve().parents[3]
SITE_FOLDER = CHECKOUT / "examples" / "chatire"
PASSWORD = "a horse is no battery"
START_LIMIT_S = 60


def runserver(port: int) -> list[str]:
    """HTTP and WebSocket in one process, as in the tutorial."""
    return [sys.executable, "manage.py", "runserver", str(port), "--noreload"]


def uwsgi(port: int) -> list[str]:
    """HTTP over WSGI with threads, as such sites run."""
    return [
        str(Path(sys.executable).with_name("uwsgi")),
        *("--http-socket", f"127.0.0.1:{port}", "--module", "chatire.wsgi:application"),
        *("--master", "--processes", "1", "--threads", "8", "--enable-threads"),
        *("--die-on-term", "--need-app"),
        # It closes after each answer without saying so; clients would use the connection again.
        *("--add-header", "Connection: close"),
    ]


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A site of its own in ``folder``, whatever the environment of the tests says."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CHATIRE_", "WSMIGRATE_", "DJANGO_"))
    }
    path = os.pathsep.join((str(SITE_FOLDER), str(CHECKOUT)))
    return {
        **kept,
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "CHATIRE_DATABASE": str(folder / "site.sqlite3"),
        **(more or {}),
    }


def manage(arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run manage.py to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=SITE_FOLDER,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@dataclass(frozen=True)
class Account:
    """Somebody who is signed in."""

    site: Site
    user: dict[str, Any]
    token: str

    @property
    def name(self) -> str:
        return str(self.user["username"])

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.site.http.request(method, f"/api/{path}", json=body, headers=headers)

    def start_chat(self) -> str:
        answer = self.call("POST", "chats/", {})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["uri"])

    def say(self, uri: str, text: Any) -> httpx.Response:
        return self.call("POST", f"chats/{uri}/messages/", {"message": text})

    def texts(self, uri: str) -> list[str]:
        answer = self.call("GET", f"chats/{uri}/messages/")
        assert answer.status_code == 200, answer.text
        return [entry["message"] for entry in answer.json()["messages"]]


@dataclass(frozen=True)
class Site:
    """A running site."""

    http: httpx.Client
    port: int
    log: Path
    env: Mapping[str, str]

    def sign_up(self, name: str) -> Account:
        who = {"username": name, "password": PASSWORD}
        created = self.http.post("/api/users/", json=who)
        assert created.status_code == 201, created.text
        tokens = self.http.post("/api/token/", json=who)
        assert tokens.status_code == 200, tokens.text
        return Account(self, created.json(), tokens.json()["access"])


@contextmanager
def running_site(
    command: Any, folder: Path, more_env: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """A migrated site; ``command`` makes the server's command line of a port."""
    env = environment(folder, more_env)
    migrated = manage(["migrate", "--verbosity", "0"], env)
    assert migrated.returncode == 0, migrated.stderr
    ports = Ports()
    port, log = ports.free(), folder / "site.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(port),
            cwd=SITE_FOLDER,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_up(process, port, log)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            yield Site(http, port, log, env)
    finally:
        _end(process)
        ports.release()


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(log.read_text())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own group, workers included
        process.wait(15)
