"""Connections of real processes, as a user sees them who is not root."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection

import pytest

from migrate_cli.routers import sockets
from wsmigrate.errors import UnavailableError

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")


def look_at_a_child_that_has_ended(answer: Connection) -> None:
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    answer.send(_seen(child))


def look_at(pid: int, answer: Connection) -> None:
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    answer.send(_seen(pid))


def _seen(pid: int) -> str:
    try:
        return str(sockets.connections_of([pid]))
    except UnavailableError as error:
        return str(error)


def answer_of(target, *arguments: int) -> str:
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=target, args=(*arguments, theirs))
    process.start()
    assert mine.poll(30)
    process.join(10)
    return str(mine.recv())


def test_a_worker_that_has_ended_and_that_its_master_has_not_noticed_has_none() -> None:
    assert answer_of(look_at_a_child_that_has_ended) == "[]"


def test_another_users_process_is_refused() -> None:
    child = os.fork()
    if child == 0:
        signal.pause()
    try:
        assert "it is another user's" in answer_of(look_at, child)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
