"""HAProxy as a door: told by its runtime socket, persisted in its state file or configuration."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from migrate_cli.routers import haproxy_state
from migrate_cli.routers.files import read_file, replace_file
from migrate_cli.routers.haproxy_socket import OpenSession, RuntimeSocket
from migrate_cli.routers.port import (
    DoorShare,
    Health,
    RouterError,
    Sessions,
    SideHealth,
    SideState,
    Traffic,
)
from wsmigrate.errors import UnavailableError
from wsmigrate.sides import Side
from wsmigrate.weights import Servers, percent_of, weights_for

_UP = ("UP", "DRAIN")
"""``DRAIN`` is what HAProxy calls a server of weight 0 that is up."""
_ANSWERS = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx")


class Persistence(Protocol):
    """Where HAProxy finds its weights at its next start."""

    def save(self, weights: Mapping[str, int], state: str) -> None:
        """Write down the weights; ``state`` is what ``show servers state`` said. Raises
        UnavailableError."""
        ...

    def saved(self) -> Mapping[str, int] | None:
        """The weights as they were written down; None where none are. Raises UnavailableError."""
        ...


@dataclass(frozen=True)
class StateFile:
    """The file that ``server-state-file`` names. HAProxy takes a weight from it as long as the
    configuration's own weight is the one that it was when the file was written."""

    path: Path
    backend: str

    def save(self, weights: Mapping[str, int], state: str) -> None:
        """See Persistence."""
        del weights  # they are in the state
        replace_file(self.path, state)

    def saved(self) -> Mapping[str, int] | None:
        """See Persistence."""
        if not self.path.exists():
            return None
        return haproxy_state.weights(read_file(self.path), self.backend)


@dataclass(frozen=True)
class ConfigurationFile:
    """The configuration itself: the weights on the lines of the servers are rewritten, nothing
    else. For configurations without a state file."""

    path: Path
    backend: str

    def save(self, weights: Mapping[str, int], state: str) -> None:
        """See Persistence."""
        del state
        text = read_file(self.path)
        changed = haproxy_state.with_weights(text, self.backend, weights)
        if changed != text:
            replace_file(self.path, changed)

    def saved(self) -> Mapping[str, int] | None:
        """See Persistence."""
        return haproxy_state.configured_weights(read_file(self.path), self.backend)


@dataclass(frozen=True)
class HaproxyDoor:
    """One HAProxy. ``fallback`` names backends that hold the same servers, for when ``backend`` has
    none left; their sessions count too. ``master`` is the master socket, if there is one: without
    it nothing is known of the sessions that a reload leaves to old processes."""

    socket: RuntimeSocket
    backend: str
    servers: Servers
    persistence: Persistence | None = None
    fallback: tuple[str, ...] = ()
    master: RuntimeSocket | None = None

    @property
    def name(self) -> str:
        """See Door."""
        return f"haproxy {self.socket.address}"

    def read_share(self) -> DoorShare:
        """See Door."""
        return DoorShare(self._percent(self._weights(self._state())), self._persisted())

    def change_share(self, percent: float) -> DoorShare:
        """See Door."""
        wanted = weights_for(percent, self.servers)
        before = self._state()
        self._check_nobody_is_set_aside(before, wanted)
        if self._weights(before) != wanted:
            # The greater weight first, in one command line: at no time are all of them 0.
            order = sorted(wanted, key=lambda name: wanted[name], reverse=True)
            self.socket.tell(
                *(f"set server {self.backend}/{name} weight {wanted[name]}" for name in order)
            )
        found = self._weights(self._state())
        if found != wanted:
            raise RouterError(
                self.name,
                f"{self.name} was told the weights {wanted}, and has {found}.",
                remedy="Look at its log, and at who else sets its weights.",
            )
        return self.persist()

    def persist(self) -> DoorShare:
        """See Door."""
        state = self.socket.servers_state()
        weights = self._weights(state)
        if self.persistence is not None:
            try:
                self.persistence.save(weights, state)
            except UnavailableError as error:
                raise RouterError(
                    self.name,
                    f"The weights of {self.name} are set and could not be persisted: {error}",
                    remedy="See that this user may write there.",
                ) from error
        return DoorShare(self._percent(weights), self._persisted())

    def sessions(self) -> Sessions:
        """See Door."""
        rows = [row for link in self.workers() for row in self._rows(link)]
        return Sessions(
            *(sum(int(row["scur"]) for row in rows if self._is_of(row, side)) for side in Side)
        )

    def health(self) -> Health:
        """See Door."""
        rows = [row for row in self._rows(self.socket) if row["pxname"] == self.backend]
        return Health(*(_health([row for row in rows if self._is_of(row, side)]) for side in Side))

    def traffic(self, side: Side) -> Traffic:
        """See Door.

        How long answers take HAProxy does not tell in time: ``rtime`` is a mean of streams that
        have ended, and a WebSocket's handshake enters it when its client leaves. What it counts at
        once are the answers by their kind: 101, and 403 for who is refused."""
        rows = [row for row in self._rows(self.socket) if self._is_of(row, side)]
        answers = [row[name] for row in rows for name in _ANSWERS]
        return Traffic(
            connects=sum(int(row["stot"]) for row in rows),
            errors=sum(
                int(row[name] or 0) for row in rows for name in ("econ", "eresp", "hrsp_5xx")
            ),
            response_ms=None,
            answered=sum(map(int, answers)) if all(answers) else None,  # empty in TCP mode
        )

    def close_sessions(self, side: Side, most: int, only: Container[str] | None = None) -> int:
        """See Door. ``only``: of these clients, by address and port.

        HAProxy knows a session by its place in memory, so the list is never older than the moment
        in which it is used."""
        if most <= 0:
            return 0
        found = [
            (session.age_s, link, session.id)
            for link in self.workers()
            for session in self.open_sessions(link, side)
            if only is None or session.client in only
        ]
        found.sort(key=lambda one: one[0], reverse=True)
        return sum(link.shut_down(session_id) for _, link, session_id in found[:most])

    def open_sessions(self, link: RuntimeSocket, side: Side) -> Iterator[OpenSession]:
        """The sessions of a side in one process."""
        return (session for session in link.open_sessions() if self.side_of(session) is side)

    def side_of(self, session: OpenSession) -> Side | None:
        """The side that a session goes to; None where it is of other backends or servers."""
        if session.backend != self.backend and session.backend not in self.fallback:
            return None
        if session.server in self.servers.legacy:
            return Side.LEGACY
        return Side.CHANNELS if session.server in self.servers.channels else None

    def workers(self) -> list[RuntimeSocket]:
        """The processes that have sessions: the one that takes connections, and those that a reload
        left behind. Raises RouterError."""
        if self.master is None:
            return [self.socket]
        old = [RuntimeSocket(self.master.address, prefix) for prefix in self.master.old_workers()]
        return [self.socket, *old]

    def _state(self) -> str:
        return self.socket.ask(f"show servers state {self.backend}")

    def _check_nobody_is_set_aside(self, state: str, wanted: Mapping[str, int]) -> None:
        aside = haproxy_state.set_aside(state, self.backend)
        for side in Side:
            names = [name for name in self._names(side) if wanted[name]]
            if names and set(names) <= aside:
                raise RouterError(
                    self.name,
                    f"{self.name} has {', '.join(names)} set to maint or drain, so no weight "
                    "brings clients there.",
                    then="Its share is as it was.",
                    remedy=f"Tell it `set server {self.backend}/{names[0]} state ready` first.",
                )

    def _weights(self, state: str) -> dict[str, int]:
        found = haproxy_state.weights(state, self.backend)
        missing = [name for side in Side for name in self._names(side) if name not in found]
        if missing:
            raise RouterError(
                self.name,
                f"The backend {self.backend!r} of {self.name} has no server "
                f"{', '.join(map(repr, missing))}; it has {', '.join(map(repr, found)) or 'none'}.",
                remedy="Name the backend and the servers as its configuration does.",
            )
        return {name: found[name] for side in Side for name in self._names(side)}

    def _percent(self, weights: Mapping[str, int]) -> float:
        try:
            return percent_of(weights, self.servers)
        except ValueError as error:
            raise RouterError(
                self.name,
                f"Of {self.name} {error}.",
                then="It answers 503 to new clients.",
                remedy="Set a share.",
            ) from error

    def _persisted(self) -> float | None:
        try:
            saved = self.persistence.saved() if self.persistence else None
            return None if saved is None else percent_of(saved, self.servers)
        except (UnavailableError, KeyError, ValueError):
            return None

    def _rows(self, link: RuntimeSocket) -> list[Mapping[str, str]]:
        backends = {self.backend, *self.fallback}
        return [row for row in link.statistics() if row["pxname"] in backends]

    def _is_of(self, row: Mapping[str, str], side: Side) -> bool:
        return row["svname"] in self._names(side)

    def _names(self, side: Side) -> tuple[str, ...]:
        servers = self.servers
        return tuple(servers.legacy if side is Side.LEGACY else servers.channels)


def _health(rows: list[Mapping[str, str]]) -> SideHealth:
    words = {row["svname"]: row["status"] for row in rows}
    if not rows or all(status == "no check" for status in words.values()):
        return SideHealth(SideState.UNKNOWN, "not checked")
    up = {name for name, status in words.items() if status.startswith(_UP)}
    why = {
        row["svname"]: row["last_chk"] or row["check_desc"] or row["check_status"] for row in rows
    }
    detail = ", ".join(
        f"{name} {status}" + (f" ({why[name]})" if name not in up and why[name] else "")
        for name, status in sorted(words.items())
    )
    if len(up) == len(words):
        return SideHealth(SideState.UP, detail)
    return SideHealth(SideState.MIXED if up else SideState.DOWN, detail)
