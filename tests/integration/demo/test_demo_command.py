"""``wsmigrate demo`` on the real stack, as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from dev_stack.services.haproxy import installed_program as installed_haproxy
from dev_stack.services.rabbitmq import installed_programs as installed_rabbitmq

FIGURES = ("lost", "duplicated", "out_of_order", "mismatched")
SMALL = ("--messages", "40", "--clients", "4", "--rooms", "2")
_AT_MOST_S = 900.0


class RunningDemo:
    """A demo in a process of its own. Figures, output and logs go to ``folder``."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.figures_file = folder / "figures.json"
        self._output = folder / "output.txt"
        command = [sys.executable, "-m", "migrate_cli", "demo", *arguments]
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--json", str(self.figures_file)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": str(folder)},
            )

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8")

    def wait_for_output(self, words: str) -> None:
        """Wait until it has printed these words."""
        deadline = time.monotonic() + _AT_MOST_S
        while words not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)

    def exit_code(self) -> int:
        """Wait for its end."""
        return self.process.wait(_AT_MOST_S)

    def figures(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.figures_file.read_text("utf-8"))
        return found


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[RunningDemo]:
    running = RunningDemo(folder, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
            running.exit_code()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Like tmp_path, with a name that is short enough for the paths of Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="wsm-") as name:
        Path(name).chmod(0o711)  # PostgreSQL does not run as root and has to get through
        yield Path(name)


@pytest.fixture(autouse=True)
def needs_the_stack() -> None:
    if installed_rabbitmq() is None or installed_haproxy() is None:
        reason = "could not run: RabbitMQ or HAProxy is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def test_every_client_gets_every_frame_and_keep_leaves_it_running(folder: Path) -> None:
    with demo(folder, "--messages", "120", "--clients", "6", "--rooms", "3", "--keep") as run:
        run.wait_for_output("Still running: look at http://")
        url = run.output.partition("Still running: look at ")[2].split()[0]
        assert httpx.get(url, timeout=30, follow_redirects=True).status_code == 200
        processes = psutil.Process(run.process.pid).children(recursive=True)
        run.process.send_signal(signal.SIGINT)
        assert run.exit_code() == 0, run.output
        _, alive = psutil.wait_procs(processes, timeout=15)
        assert not alive

        figures = run.figures()
        assert [figures[name] for name in FIGURES] == [0, 0, 0, 0]
        assert figures["published"] == figures["identical"] == 120
        assert figures["clients"] == 12
        assert figures["delivered"] == 12 * 40
        assert [figures["front_door"][name] for name in FIGURES] == [0, 0, 0, 0]
        assert [stage["step"] for stage in figures["stages"]] == [
            *("door", "shadow", "canary 50", "drain", "direct both", "direct channels", "retired"),
            "back to legacy",
        ]
        assert all(stage["received"] > 0 for stage in figures["stages"])
        assert [stage[name] for stage in figures["stages"] for name in FIGURES] == [0] * 32
        assert figures["gaps"]["count"] >= 16  # there, and back
        assert figures["held"] is True
        assert [step["percent"] for step in figures["front_door"]["steps"]] == [0, 50, 100]
        for server in ("legacy", "channels"):
            assert 0 < figures["latency_ms"][server]["p50"] <= figures["latency_ms"][server]["p99"]
        assert "\x1b" not in run.output
        assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("kind", "figure"),
    [
        ("drop", "lost"),
        ("duplicate", "duplicated"),
        ("reorder", "out_of_order"),
        ("alter", "mismatched"),
    ],
)
def test_each_sabotage_is_caught_with_the_right_figure(
    folder: Path, kind: str, figure: str
) -> None:
    with demo(folder, *SMALL, "--sabotage", kind) as run:
        assert run.exit_code() == 1, run.output
        figures = run.figures()
        for name in FIGURES:
            assert (figures[name] > 0) == (name == figure), run.output
            assert figures["servers"]["legacy"][name] == 0
        expected = figures["sabotage"]["frames"]
        # Two exchanges among equal messages may amount to one message that moved further.
        assert figures[figure] == expected or (kind == "reorder" and figures[figure] < expected)


def test_ctrl_c_ends_it_and_everything_that_it_started(folder: Path) -> None:
    with demo(folder, "--messages", "5000") as run:
        run.wait_for_output("Front door at 0 %")
        processes = psutil.Process(run.process.pid).children(recursive=True)
        run.process.send_signal(signal.SIGINT)
        assert run.exit_code() == 130
        _, alive = psutil.wait_procs(processes, timeout=15)
        assert not alive
        assert "Traceback" not in run.output
        assert not run.figures_file.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--rooms", "0"),
        ("--clients", "0"),
        ("--clients", "5", "--rooms", "6"),
        ("--messages", "none"),
        ("--sabotage", "gently"),
        ("--json", "/proc/none/figures.json"),
    ],
    ids=" ".join,
)
def test_wrong_options_are_said_before_anything_is_started(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "migrate_cli", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert arguments[0] in done.stderr
    assert "Traceback" not in done.stderr
