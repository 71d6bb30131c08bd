"""``wsmigrate up`` with services of its own, ended by signals at every stage of its life."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from processes import is_running, until


class Up:
    """A running ``wsmigrate up``."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.file = folder / "endpoints.json"
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "migrate_cli",
                    "up",
                    "--endpoints",
                    str(self.file),
                    *options,
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.seen: set[psutil.Process] = set()

    def endpoints(self) -> dict[str, dict[str, list[int]]]:
        """Wait for the endpoints file."""
        until(lambda: self.file.exists() or self._ended(), "it is not ready", within_s=240)
        assert self.file.exists(), self.output.read_text()
        self.processes()
        return json.loads(self.file.read_text())

    def said(self, words: str) -> None:
        """Wait until it has said so."""
        until(
            lambda: words in self.output.read_text() or self._ended(),
            f"it did not say {words!r}",
            within_s=240,
        )

    def processes(self) -> set[psutil.Process]:
        """Everything that has descended from it, as far as this has been called in time."""
        self.seen |= set(psutil.Process(self.process.pid).children(recursive=True))
        return self.seen

    def nothing_is_left(self) -> None:
        until(
            lambda: not any(is_running(p.pid) for p in self.seen if p.is_running()),
            "processes are still there",
        )

    def close(self) -> None:
        if self.process.poll() is None:
            self.processes()
            self.process.kill()
        self.process.wait()
        self.nothing_is_left()

    def _ended(self) -> bool:
        return self.process.poll() is not None


def words(process: psutil.Process) -> list[str]:
    """Its command line; none once it has ended."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def start_up(tmp_path, haproxy_program):
    started: list[Up] = []

    def start(*options: str) -> Up:
        started.append(Up(tmp_path, *options))
        return started[-1]

    yield start
    for up in started:
        up.close()


@pytest.fixture
def given(amqp_url, new_database):
    """Options for services that run already: the stack is then up within seconds."""
    return ("--amqp-url", amqp_url, "--postgres-dsn", new_database())


def test_killed_with_services_of_its_own_it_leaves_nothing(start_up, services):
    services.rabbitmq()  # or there is none to be had, and nothing to test
    up = start_up()
    endpoints = up.endpoints()
    folder = Path(endpoints["haproxy_socket"]).parents[1]
    assert set(endpoints["pids"]) == {
        "rabbitmq", "postgres", "legacy", "channels", "bridge", "site", "haproxy"
    }  # fmt: skip
    up.process.kill()
    up.nothing_is_left()
    until(lambda: not folder.exists(), "its folder is still there")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_stops_everything_with_exit_code_zero(start_up, given, number):
    up = start_up(*given)
    folder = Path(up.endpoints()["haproxy_socket"]).parents[1]
    os.killpg(up.process.pid, number)  # a terminal sends Ctrl-C to the whole group
    assert up.process.wait(60) == 0
    up.nothing_is_left()
    assert not folder.exists()
    assert not up.file.exists()
    assert "Traceback" not in up.output.read_text()


@pytest.mark.parametrize("moment", ["starting RabbitMQ", "making the tables"])
def test_ctrl_c_while_it_starts_is_heeded_at_once(start_up, services, moment):
    services.rabbitmq()
    up = start_up()
    up.said(moment)
    up.processes()
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(60) == 0
    up.nothing_is_left()
    assert "Traceback" not in up.output.read_text()
    assert "stopped before it was ready" in up.output.read_text()


def test_ctrl_c_while_the_parts_start_is_heeded_at_once(start_up, given):
    up = start_up(*given)
    up.said("making the tables")
    until(lambda: any("serve" in words(p) for p in up.processes()), "no server is started")
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(60) == 0
    up.nothing_is_left()
    assert "Traceback" not in up.output.read_text()


@pytest.mark.parametrize(
    "moment", ["starting RabbitMQ", "starting PostgreSQL", "making the tables"]
)
def test_killed_while_it_starts_it_leaves_nothing(start_up, services, moment):
    services.rabbitmq()
    up = start_up()
    up.said(moment)
    up.processes()
    os.killpg(up.process.pid, signal.SIGKILL)
    up.process.wait()
    up.nothing_is_left()
