"""The operator's programs: slow ones, absent ones, ones that leave something running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migrate_cli.cutover.hooks import run_hook
from migrate_cli.programs import TookTooLongError, run_program
from wsmigrate.errors import UnavailableError


def is_there(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 20
    while is_there(pid):
        assert time.monotonic() < end, f"{pid} is still there"
        time.sleep(0.02)


def test_it_is_heard_and_finds_its_values() -> None:
    ended = run_program(["sh", "-c", 'echo "$WHERE"; echo no >&2; exit 3'], 20, {"WHERE": "door"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "door\n", "no\n")


def test_one_that_takes_too_long_is_killed_with_what_it_started(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    with pytest.raises(TookTooLongError, match=r"did not end within 1 s, and was killed"):
        run_program(["sh", "-c", f"sleep 600 & echo $! > {noted}; wait"], 1, {})
    wait_until_gone(int(noted.read_text()))


def test_one_that_leaves_something_running_on_its_output_is_told_so(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    with pytest.raises(UnavailableError, match=r"sh has ended, but what it started held its out"):
        run_hook(["sh", "-c", f"sleep 600 & echo $! > {noted}"], 1)
    wait_until_gone(int(noted.read_text()))


def test_one_that_starts_something_that_writes_elsewhere_is_fine(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    run_hook(["sh", "-c", f"sleep 600 >/dev/null 2>&1 & echo $! > {noted}"], 20)
    pid = int(noted.read_text())
    assert is_there(pid)
    os.kill(pid, signal.SIGKILL)


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(UnavailableError, match=r"The program /no/such cannot be run \(No such"):
        run_hook(["/no/such"], 1)


def test_ctrl_c_at_the_terminal_does_not_reach_it() -> None:
    script = (
        "import os, signal\n"
        "from migrate_cli.programs import run_program\n"
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "print(run_program(['sh', '-c', 'kill -INT -- -$PPID_GROUP; sleep 0.2; exit 7'], 20,\n"
        "    {'PPID_GROUP': str(os.getpgrp())}).returncode)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.stdout == "7\n", ended.stderr
