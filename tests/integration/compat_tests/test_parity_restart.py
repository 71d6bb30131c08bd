"""The case ``server-ends``: both servers are restarted, by commands as operators have them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from parity_runs import Run

from dev_stack.stack import Stack, StackOptions

# Ends a part of the stack as an init system does, and returns once its successor is ready.
RESTART = """
import json, os, signal, sys, time

file, part = sys.argv[1:]

def main_process():
    try:
        with open(file) as ends:
            return json.load(ends)["pids"][part][0]
    except (OSError, ValueError, KeyError, IndexError):
        return None

before = main_process()
os.kill(before, signal.SIGTERM)
deadline = time.monotonic() + 90
while main_process() in (None, before):
    if time.monotonic() > deadline:
        sys.exit(f"{part} has not come back")
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def ends_file(
    amqp_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stack, Path]]:
    """A stack of its own on the broker of all tests, and the file that says where it is."""
    file = tmp_path_factory.mktemp("stack") / "ends.json"
    with Stack(StackOptions(amqp_url=amqp_url, endpoints_file=file)) as stack:
        stack.start()
        yield stack, file


def test_both_servers_are_restarted_and_the_same_before_and_after(
    parity: Run, ends_file: tuple[Stack, Path], tmp_path: Path
) -> None:
    stack, file = ends_file
    ends = stack.endpoints
    script = tmp_path / "restart.py"
    script.write_text(RESTART)
    words = ["--legacy", ends.legacy_ws_url, "--channels", ends.channels_ws_url]
    for part in ("legacy", "channels"):
        command = shlex.join([sys.executable, str(script), str(file), part])
        words += [f"--end-{part}-cmd", command]
    done = parity("check", *words, "--publish", ends.amqp_url, "--case", "server-ends")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok       server-ends" in done.stdout
    # The listener was there for the end of both, which differs by the rule that says so.
    assert "server-end: a server that ends cuts its sockets" in done.stdout
    after = stack.endpoints
    for part in ("legacy", "channels"):
        assert after.pids[part][0] != ends.pids[part][0]


def test_a_command_that_fails_is_said(parity: Run, ends_file: tuple[Stack, Path]) -> None:
    ends = ends_file[0].endpoints
    words = ("--legacy", ends.legacy_ws_url, "--channels", ends.channels_ws_url)
    commands = ("--end-legacy-cmd", "false", "--end-channels-cmd", "true")
    done = parity("check", *words, "--publish", ends.amqp_url, *commands, "--case", "server-ends")
    assert done.returncode == 2, done.stdout
    assert "The command that ends a server, false, failed with 1" in done.stdout
