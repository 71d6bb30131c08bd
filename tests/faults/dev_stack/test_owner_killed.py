"""Whoever owns a stack is killed, in every way: nothing of it is left a few seconds later."""

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

OWNER = Path(__file__).with_name("tiny_owner.py")


class Owner:
    """A process that owns a stack, seen from outside."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(OWNER)],
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(OWNER.parents[3])},
        )
        said = json.loads(self._line())
        self.guardian: int = said["guardian"]
        self.folder = Path(said["folder"])

    def pids(self) -> list[int]:
        """The processes of the stack, once it is ready."""
        pids = json.loads(self._line())
        assert len(pids) == 4
        assert all(is_running(pid) for pid in pids)
        return pids

    def replaced_guardian(self, before: int) -> int:
        def others() -> list[int]:
            children = psutil.Process(self.process.pid).children()
            return [
                c.pid for c in children if c.pid != before and "dev_stack.guardian" in c.cmdline()
            ]

        until(lambda: bool(others()), "there is no other guardian")
        return others()[0]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()
        until(lambda: not self.folder.exists(), "its folder is still there")

    def _line(self) -> bytes:
        assert self.process.stdout
        return self.process.stdout.readline()


@pytest.fixture
def owner():
    owner = Owner()
    yield owner
    owner.close()


def nothing_is_left(owner: Owner, pids: list[int]) -> None:
    until(lambda: not any(map(is_running, pids)), "processes of the stack are still there")
    until(lambda: not owner.folder.exists(), "its folder is still there")
    until(lambda: not is_running(owner.guardian), "its guardian is still there")


def test_the_owner_is_killed(owner):
    pids = owner.pids()
    owner.process.kill()
    nothing_is_left(owner, pids)


def test_the_owners_whole_process_group_is_killed(owner):
    pids = owner.pids()
    os.killpg(owner.process.pid, signal.SIGKILL)
    nothing_is_left(owner, pids)


def test_the_owner_is_killed_while_it_starts(owner):
    children = [c.pid for c in psutil.Process(owner.process.pid).children(recursive=True)]
    owner.process.kill()
    nothing_is_left(owner, children)


def test_a_frozen_part_is_ended_as_well(owner):
    pids = owner.pids()
    os.kill(pids[0], signal.SIGSTOP)
    owner.process.kill()
    nothing_is_left(owner, pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_guardian_does_not_leave_its_post(owner, number):
    pids = owner.pids()
    os.kill(owner.guardian, number)
    owner.process.kill()
    nothing_is_left(owner, pids)


def test_a_guardian_that_is_killed_is_replaced(owner):
    pids = owner.pids()
    killed = owner.guardian
    os.kill(killed, signal.SIGKILL)
    owner.guardian = owner.replaced_guardian(killed)
    owner.process.kill()
    nothing_is_left(owner, pids)


def test_ctrl_c_of_a_program_that_does_not_expect_it_leaves_nothing_either(owner):
    pids = owner.pids()
    os.killpg(owner.process.pid, signal.SIGINT)
    nothing_is_left(owner, pids)
