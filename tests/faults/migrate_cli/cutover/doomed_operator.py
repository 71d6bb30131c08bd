"""An operator who is killed at a set point of his command.

python doomed_operator.py POINT COMMAND BACKEND

Switches the notify backend; SIGKILLs itself at a POINT of the executor (begin, started, acted,
ended) with a COMMAND (as bind-rooms).
"""

from __future__ import annotations

import os
import signal
import sys

from migrate_cli.cutover.conduct import Order, conduct
from migrate_cli.wiring import operation
from wsmigrate.command_texts import name_of
from wsmigrate.config import NotifyBackend
from wsmigrate.facts import Command
from wsmigrate.stages import Switch


class Doom:
    """Where it ends."""

    def __init__(self, point: str, command: str) -> None:
        self._end = (point, command)

    def at(self, point: str, command: Command | None) -> None:
        if command is not None and (point, name_of(command)) == self._end:
            os.kill(os.getpid(), signal.SIGKILL)


point, command, backend = sys.argv[1:]
switch = Switch(NotifyBackend(backend), old_clients_get_nothing=True)
with operation(None, None) as site:
    order = Order(f"notify set {backend}", lambda _state: switch, execute=True)
    conduct(site, order, print, Doom(point, command))
