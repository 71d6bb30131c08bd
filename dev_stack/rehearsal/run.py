"""The run of a rehearsal on a stack that is up: takes every step, and notes what it sees."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dev_stack.rehearsal.company import Company
from dev_stack.rehearsal.course import Step, course_of
from dev_stack.rehearsal.faults import Faults, Happened
from dev_stack.rehearsal.load import Load
from dev_stack.rehearsal.operated import OperatedStack
from dev_stack.rehearsal.records import ClientRecord, Message
from dev_stack.rehearsal.scenario import Scenario
from dev_stack.rehearsal.site_operator import Call
from wsmigrate.rungs import Stage

PROBE_AFTER_S: Final = 5.0
"""So long after a rollback a message has to reach every client."""

_PROBE_S = 2.0
_SETTLE_S = 4.0


@dataclass(frozen=True)
class StepTaken:
    """A step that was taken. It lasts until the next one begins; ``done`` is when the stage was
    reached. ``servers``: where the clients were at its end."""

    step: Step
    began: float
    done: float
    ended: float
    calls: tuple[Call, ...]
    servers: dict[str, int]


@dataclass
class Seen:
    """Everything that a rehearsal has seen."""

    steps: list[StepTaken] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    clients: list[ClientRecord] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    at_the_end: dict[str, Any] = field(default_factory=dict)
    began: float = 0.0
    rooms: list[str] = field(default_factory=list)


class Rehearsal:
    """One run. Raises WsmigrateError where it cannot be carried to its end."""

    def __init__(
        self, site: OperatedStack, load: Load, scenario: Scenario, say: Callable[[str], None]
    ) -> None:
        self._site = site
        self._load = load
        self._say = say
        self._operator = site.operator
        self._faults = Faults(scenario, site, say)
        self._seen = Seen()

    def run(self, folder: Path) -> Seen:
        """Take all steps under load, whose logs go to ``folder``."""
        seen, stack = self._seen, self._site.stack
        urls = stack.endpoints.public_ws_url, stack.endpoints.http_url
        with Company(self._load, stack.site, *urls, folder) as company:
            status = company.open()
            self._say(f"{status['clients']} clients are connected: {_shown(status['servers'])}")
            company.publish()
            seen.began = time.monotonic()
            time.sleep(self._load.dwell_s)
            for number, step in enumerate(course_of(self._load)):
                self._take(number, step, company)
            seen.at_the_end = company.stop(_SETTLE_S)
            seen.history = self._operator.history()
            seen.messages, seen.clients = company.messages(), company.clients()
            seen.rooms = company.rooms
        seen.happened = self._faults.happened
        seen.missed = self._faults.never_happened()
        return seen

    def _take(self, number: int, step: Step, company: Company) -> None:
        before = len(self._operator.calls)
        began = time.monotonic()
        self._faults.begin(number, step)
        try:
            self._operator.reach(step, self._faults.recovery, self._faults.ready)
        finally:
            self._faults.end()
        done = time.monotonic()
        if step.back or step.rung.stage is Stage.CANARY:
            company.join_late()  # new clients are what a share is about
        self._faults.rest(step)
        time.sleep(self._load.dwell_s)
        if step.back:
            time.sleep(max(0.0, done + PROBE_AFTER_S + _PROBE_S - time.monotonic()))
        servers = company.status()["servers"]
        self._say(f"{step.name:<24}{done - began:6.1f} s   {_shown(servers)}")
        calls = tuple(self._operator.calls[before:])
        self._seen.steps.append(StepTaken(step, began, done, time.monotonic(), calls, servers))


def _shown(servers: dict[str, int]) -> str:
    names = {"-": "straight to the old server", "legacy": "old", "channels": "new", "away": "away"}
    return ", ".join(f"{count} {names.get(name, name)}" for name, count in sorted(servers.items()))
