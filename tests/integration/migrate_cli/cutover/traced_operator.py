"""An operator who does one thing, whatever becomes of him.

python traced_operator.py CONFIG EVENT OUTCOME

EVENT is a name and what goes with it, as "rollback shadow"; "go on" runs what is left. Of what
comes of it the first command is run, with the OUTCOME: done (he is killed before he begins the
next one), failed (after it took effect), killed-before, killed-after (it took effect).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from migrate_cli.cutover.conduct import Order, conduct
from migrate_cli.wiring import operation
from wsmigrate.config import NotifyBackend
from wsmigrate.errors import UnavailableError, WsmigrateError
from wsmigrate.facts import Command
from wsmigrate.stages import Abort, Advance, Event, Pause, Resume, Rollback, State, Switch

PLAIN = {"advance": Advance(), "abort": Abort(), "pause": Pause(), "resume": Resume()}


class Fate:
    """What becomes of the first command."""

    def __init__(self, outcome: str) -> None:
        self._outcome = outcome
        self._begun = 0

    def at(self, point: str, _command: Command | None) -> None:
        self._begun += point == "begin"
        if (self._outcome, point, self._begun) in {
            ("done", "begin", 2),
            ("killed-before", "started", 1),
            ("killed-after", "acted", 1),
        }:
            os.kill(os.getpid(), signal.SIGKILL)
        if (self._outcome, point, self._begun) == ("failed", "acted", 1):
            raise UnavailableError("It is to fail.")


def event_of(text: str, state: State) -> Event | None:
    name, _, more = text.partition(" ")
    if text == "go on":
        return None
    if name == "rollback":
        return Rollback(next(rung for rung in state.rungs if rung.name == more))
    if name == "switch":
        return Switch(NotifyBackend(more))
    return PLAIN[name]


config, text, outcome = sys.argv[1:]
try:
    with operation(Path(config), None) as site:
        order = Order(text, lambda state: event_of(text, state), "a trace", "a trace", execute=True)
        conduct(site, order, print, Fate(outcome))
except WsmigrateError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
