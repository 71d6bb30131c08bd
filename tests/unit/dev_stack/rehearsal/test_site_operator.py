"""The operator of a rehearsal, whose commands end or are ended."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from dev_stack.rehearsal.site_operator import Operator
from wsmigrate.errors import UnavailableError

STUCK = """
import pathlib, subprocess, sys, time
program = subprocess.Popen(["sleep", "60"])
pathlib.Path("program.pid").write_text(str(program.pid))
print("half way", file=sys.stderr, flush=True)
time.sleep(60)
"""


def test_a_command_that_takes_too_long_is_ended_and_named(tmp_path: Path) -> None:
    """Although a program that it has started goes on, and holds its output open."""
    package = tmp_path / "migrate_cli"
    package.mkdir()
    (package / "__main__.py").write_text(STUCK)
    operator = Operator(tmp_path / "wsmigrate.toml", tmp_path, {}, within_s=3)
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="`wsmigrate advance` was not over within 3 s: half"):
        operator.run("advance")
    assert time.monotonic() - began < 30
    assert operator.kill() is False
    os.kill(int((tmp_path / "program.pid").read_text()), signal.SIGKILL)
