"""Forks bridges that are ready within a moment: Django and all the rest are imported once.

Each is a process of its own that runs what ``wsmigrate bridge run`` runs. Commands come as lines:
``start <log> [<admin port>]`` answers with the process's id. ``BRIDGE_DIES_AT`` names a point of
the relay, and a number: the process kills itself when it gets there for the so-many-th time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import django


def main() -> None:
    django.setup()
    import bridge.assembly  # noqa: PLC0415
    import bridge.metrics  # noqa: F401, PLC0415
    from migrate_cli.commands import bridge as command  # noqa: PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    for line in sys.stdin:
        _, log, admin, dies_at = line.split()
        pid = os.fork()
        if pid == 0:
            run(command, log, int(admin), dies_at)
        print(pid, flush=True)


def run(command: Any, log: str, admin: int, dies_at: str) -> None:
    code = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        command._log_to_stderr("info", "text")
        if dies_at != "-":
            arrange_death(dies_at)
        asyncio.run(command._run(("127.0.0.1", admin) if admin else None))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def arrange_death(dies_at: str) -> None:
    """Die at ``point:number``."""
    from bridge import inbox, sinks  # noqa: PLC0415

    point, number = dies_at.split(":")
    left = [int(number)]

    def die() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    send: Callable[..., Awaitable[None]] = sinks.AtomicSink._send
    acknowledged = inbox.InboxRelay._acknowledged

    async def killed_send(self: Any, messages: Any, move: Any, **gap: Any) -> None:
        if messages and point == "before-write":
            die()
        await send(self, messages, move, **gap)
        if messages and point == "after-commit":
            die()

    def killed_acknowledged(self: Any, tag: int) -> None:
        if point == "before-ack":
            die()
        acknowledged(self, tag)
        if point == "after-ack":
            asyncio.get_running_loop().call_later(0.02, die)  # once it is on its way

    sinks.AtomicSink._send = killed_send  # type: ignore[method-assign]
    inbox.InboxRelay._acknowledged = killed_acknowledged  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
