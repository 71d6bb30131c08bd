"""nginx as a door: told by a generated include and a reload, asked on its status page."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from migrate_cli.routers import sockets
from migrate_cli.routers.commands_run import run_command
from migrate_cli.routers.files import read_file, replace_file
from migrate_cli.routers.nginx_processes import ended_workers, open_workers, processes_of
from migrate_cli.routers.port import (
    DoorShare,
    Health,
    NotOfferedError,
    RouterError,
    Sessions,
    SideHealth,
    SideState,
    Traffic,
)
from migrate_cli.routers.render.nginx import STATUS_PATH, share_include
from wsmigrate.errors import UnavailableError
from wsmigrate.sides import Side

_RELOADED_WITHIN_S = 15.0
_ANSWERS_IN_A_ROW = 5
_TIMEOUT_S = 5.0
_PAUSE_S = 0.05
_SAVED = re.compile(r"^\s*default (\d+);", re.MULTILINE)


@dataclass(frozen=True)
class NginxDoor:
    """One nginx that includes the file ``share``, and says what it applies at ``status``.

    ``pid_file`` is that of its master, if it runs on this machine: then it is reloaded by a signal,
    and its connections can be counted and ended. Otherwise ``reload`` is the command for it.
    ``check`` tests the configuration before each reload. ``legacy`` and ``channels`` are the
    addresses, ``host:port``, that its upstreams have.
    """

    share: Path
    status: str
    legacy: Sequence[str]
    channels: Sequence[str]
    pid_file: Path | None = None
    check: Sequence[str] = ()
    reload: Sequence[str] = ()

    @property
    def name(self) -> str:
        """See Door."""
        return f"nginx {self.status}"

    def read_share(self) -> DoorShare:
        """See Door."""
        return DoorShare(self._answer()[0], self._saved())

    def change_share(self, percent: float) -> DoorShare:
        """See Door. The file is set back if nginx does not take it."""
        whole = round(percent)
        text = share_include(whole)
        before = read_file(self.share) if self.share.exists() else None
        if before != text or self._answer()[0] != whole or self._lags():
            self._put(text)
            try:
                self._check()
                self._reload(whole)
            except RouterError:
                if before is not None:
                    self._put(before)
                raise
        return self.read_share()

    def persist(self) -> DoorShare:
        """See Door."""
        running = round(self._answer()[0])
        if self._saved() != running:
            self._put(share_include(running))
        return self.read_share()

    def sessions(self) -> Sessions:
        """See Door. Counts the connections to both upstreams, those of old workers too."""
        return Sessions(len(self._connections(Side.LEGACY)), len(self._connections(Side.CHANNELS)))

    def health(self) -> Health:
        """See Door. nginx has no checks of its own."""
        unknown = SideHealth(SideState.UNKNOWN, "nginx notices by failing requests only")
        return Health(unknown, unknown)

    def traffic(self, side: Side) -> Traffic:
        """See Door. nginx counts nothing per server."""
        del side
        return Traffic(None, None, None)

    def close_sessions(self, side: Side, most: int) -> int:
        """See Door. Ends the connections to the server; nginx then closes those of the clients."""
        if most <= 0:
            return 0
        closed = 0
        for connection in self._connections(side):
            if closed == most:
                break
            try:
                closed += sockets.shut_down(connection)
            except UnavailableError as error:
                raise NotOfferedError(
                    self.name, error.what, then="Nothing was closed.", remedy=error.remedy
                ) from error
        return closed

    def _connections(self, side: Side) -> list[sockets.Connection]:
        if self.pid_file is None:
            raise NotOfferedError(
                self.name,
                f"{self.name} tells nobody its connections, and runs on another machine.",
                remedy="Run the command on its machine and name its pid file, or count the sockets "
                "by the broker's queues and the new server's metrics.",
            )
        addresses = self.legacy if side is Side.LEGACY else self.channels
        try:
            places = frozenset().union(*(sockets.resolved(address) for address in addresses))
            found = sockets.connections_of(processes_of(self.pid_file))
        except UnavailableError as error:
            raise RouterError(self.name, error.what, remedy=error.remedy) from error
        return [one for one in found if one.remote in places and not one.left]

    def _put(self, text: str) -> None:
        try:
            replace_file(self.share, text)
        except UnavailableError as error:
            raise RouterError(self.name, error.what, then=error.then) from error

    def _saved(self) -> float | None:
        if not self.share.exists():
            return None
        found = _SAVED.search(read_file(self.share))
        return float(found.group(1)) if found else None

    def _check(self) -> None:
        if self.check:
            run_command(self.name, self.check)

    def _reload(self, percent: int) -> None:
        before = open_workers(self.pid_file) if self.pid_file else frozenset()
        if self.reload:
            run_command(self.name, self.reload)
        elif self.pid_file:
            os.kill(self._master(), signal.SIGHUP)
        else:
            raise RouterError(
                self.name, f"{self.name} has neither a pid file nor a command to reload it."
            )
        deadline = time.monotonic() + _RELOADED_WITHIN_S
        while not self._has_reloaded(percent, before):
            if time.monotonic() > deadline:
                raise RouterError(
                    self.name,
                    f"{self.name} was reloaded for {percent} %, and does not apply it.",
                    remedy="Look at its error log, and that its configuration includes "
                    f"{self.share}.",
                )
            time.sleep(_PAUSE_S)

    def _has_reloaded(self, percent: int, before: frozenset[int]) -> bool:
        """No worker with the old share takes connections any more."""
        if self.pid_file and before - ended_workers(self.pid_file, before):
            return False
        try:
            return all(self._answer()[0] == percent for _ in range(_ANSWERS_IN_A_ROW))
        except RouterError:
            return False  # a worker that was told to end may have taken the connection

    def _lags(self) -> bool:
        """Whether a worker that takes connections has another share than its neighbours."""
        return len({self._answer()[0] for _ in range(_ANSWERS_IN_A_ROW)}) > 1

    def _master(self) -> int:
        try:
            return int(read_file(self.pid_file or Path()).strip())
        except (UnavailableError, ValueError) as error:
            raise RouterError(
                self.name, f"{self.name} does not run: {self.pid_file} names no process."
            ) from error

    def _answer(self) -> tuple[float, int]:
        """The share and the id of the worker that answered."""
        connection = http.client.HTTPConnection(self.status, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", STATUS_PATH)
            answer = connection.getresponse()
            said = json.loads(answer.read())
            return float(said["percent"]), int(said["worker"])
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise RouterError(
                self.name,
                f"nginx does not say its share at http://{self.status}{STATUS_PATH} "
                f"({type(error).__name__}).",
                remedy="See that it runs with a configuration as `wsmigrate route render nginx` "
                "writes it.",
            ) from error
        finally:
            connection.close()
