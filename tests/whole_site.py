"""A site that can be taken from ``legacy`` to ``retired`` and back: both servers, an HAProxy, what
stands in front of both, a bridge that is started and stopped by hooks, and publishers."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import site_hooks
from cutover_site import NO_GATES, Load, Operator
from dev_stack.runtime import Runtime
from moving import Audience, Site, site
from project import Project, wait_until
from relay import Relay

HOOKS = Path(site_hooks.__file__)
ACCEPT = ("--accept-inconclusive", "the test looks itself")
STEP_WITHIN_S = 180


class Entrance(Relay):
    """The port that browsers connect to: it leads to the old server or to the front door, as a
    file says to which every hook may write."""

    def __init__(self, port: int, file: Path) -> None:
        self._file = file
        super().__init__(port, ("", 0))

    def target(self) -> tuple[str, int]:
        """See Relay."""
        return ("127.0.0.1", int(self._file.read_text()))


@dataclass
class WholeSite:
    """``url`` is where browsers connect. ``config`` is the operator's ``wsmigrate.toml``."""

    parts: Site
    url: str
    config: Path
    load: Load
    operator: Operator
    bridge_pid: Path

    @property
    def project(self) -> Project:
        """Its Django project."""
        return self.parts.project

    def go(self, *words: str) -> str:
        """A command that has to end well; what it prints."""
        return self.operator.done(*words, "--execute", "--config", str(self.config))

    def advance(self) -> str:
        """One step up; the name of the rung."""
        self.go("advance", *ACCEPT)
        return self.rung()

    def rollback(self, to: str) -> str:
        """Back to a rung; its name."""
        self.go("rollback", "--to", to)
        return self.rung()

    def rung(self) -> str:
        """Where the cutover stands."""
        status = self.operator.json("status", "--config", str(self.config))
        assert status["goal"] is None, status
        return str(status["rung"])

    def reach(self, rung: str) -> None:
        """Up, step by step."""
        while self.rung() != rung:
            self.advance()

    @property
    def bridge_runs(self) -> bool:
        """Whether the bridge's process is there."""
        return self.bridge_pid.exists()


CONFIGURATION = """
[cutover]
percentages = [50, 100]
open_door = {open_door}
close_door = {close_door}
start_bridge = {start_bridge}
stop_bridge = {stop_bridge}

[drain]
by = "door"
uwsgi_pid = {uwsgi_pid}
legacy_port = {legacy_port}
back_within_s = 60.0
per_second = 40.0
"""


@contextlib.contextmanager
def whole_site(
    project: Project, runtime: Runtime, haproxy: Path, rooms: Sequence[str], **legacy: str
) -> Iterator[WholeSite]:
    """Start it all, in the stage ``legacy``, with nobody connected and nothing published."""
    with site(project, runtime, haproxy, bridge=False, **legacy) as parts:
        points_at = project.folder / "entrance"
        points_at.write_text(str(parts.legacy_port))
        entrance = Entrance(project.free_port(), points_at)
        pid_file, log = project.folder / "bridge.pid", project.folder / "bridge.log"
        hook = (sys.executable, str(HOOKS))
        front = parts.url.rpartition(":")[2]
        parts.config.write_text(
            parts.config.read_text()
            + NO_GATES
            + CONFIGURATION.format(
                open_door=json.dumps([*hook, "point", front, str(points_at)]),
                close_door=json.dumps([*hook, "point", str(parts.legacy_port), str(points_at)]),
                start_bridge=json.dumps([*hook, "bridge", "start", str(pid_file), str(log)]),
                stop_bridge=json.dumps([*hook, "bridge", "stop", str(pid_file)]),
                uwsgi_pid=json.dumps(str(parts.uwsgi_pid)),
                legacy_port=parts.legacy_port,
            )
        )
        load = Load(project, list(rooms))
        url = f"ws://127.0.0.1:{entrance.port}"
        try:
            yield WholeSite(
                parts, url, parts.config, load, Operator(project, STEP_WITHIN_S), pid_file
            )
        finally:
            load.kill()
            entrance.cut()
            site_hooks.stop(pid_file)


@dataclass
class Watched:
    """The audience of a whole site, whose publisher is ``name``."""

    site: WholeSite
    audience: Audience
    name: str = "one"

    @property
    def _published(self) -> Callable[[], int]:
        return lambda: self.site.load.count(self.name) // len(self.site.load.rooms)

    def everybody_gets_what_is_posted(self, after_s: float) -> None:
        """Every client, those that connect from now on too, gets what is posted so many seconds
        from now."""
        newcomers = Audience(self.site.url, self.site.load.rooms, 1)
        posted_after = time.monotonic() + after_s
        with newcomers:
            wait_until(lambda: newcomers.are_connected, lambda: str(newcomers.are_on()))
            threading.Event().wait(max(0.0, posted_after - time.monotonic()))
            number = self._published() + 1
            everybody = [*self.audience.clients, *newcomers.clients]
            wait_until(
                lambda: all(client.has(number) for client in everybody),
                lambda: (
                    f"{number} has not come to "
                    + str([client.room for client in everybody if not client.has(number)])
                ),
            )

    def nothing_was_lost_while_connected(self, most_gaps: int) -> None:
        """Nor doubled, nor swapped."""
        for client in self.audience.clients:
            assert client.faults_while_connected() == [], client.room
            assert len(client.gaps) <= most_gaps, client.gaps
