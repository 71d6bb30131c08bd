"""Hooks as processes, and what they ask the rehearsal to do."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev_stack.rehearsal import hook
from dev_stack.rehearsal.control import Control
from wsmigrate.errors import UnavailableError


@pytest.fixture
def path() -> Iterator[Path]:
    """Short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="wsm-") as folder:
        yield Path(folder) / "control.sock"


def call(path: Path, word: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", hook.__file__, str(path), word],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_hook_has_something_done_and_ends_with_0(path: Path) -> None:
    done: list[str] = []
    with Control(path, {"open-door": lambda: done.append("opened")}, set()):
        assert call(path, "open-door").returncode == 0
    assert done == ["opened"]


def test_a_hook_that_is_to_fail_fails_once_and_nothing_is_done(path: Path) -> None:
    done: list[str] = []
    with Control(path, {"open-door": lambda: done.append("opened")}, {"open-door"}):
        failed = call(path, "open-door")
        assert failed.returncode == 1
        assert failed.stderr == "open-door fails on purpose\n"
        assert done == []
        assert call(path, "open-door").returncode == 0


def test_a_hook_says_why_it_could_not_be_done(path: Path) -> None:
    def away() -> None:
        raise UnavailableError("The bridge does not start.")

    with Control(path, {"start-bridge": away}, set()):
        failed = call(path, "start-bridge")
        unknown = call(path, "boil-water")
    assert failed.returncode == 1
    assert "The bridge does not start." in failed.stderr
    assert "boil-water is not known" in unknown.stderr


def test_a_hook_fails_where_there_is_no_rehearsal_any_more(path: Path) -> None:
    assert call(path, "open-door").returncode == 1
