"""How each command takes effect on a real site, and how that is seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from migrate_cli.cutover.exchanges import remove_unused
from migrate_cli.cutover.hooks import run_hook
from migrate_cli.cutover.inboxes import Inboxes
from migrate_cli.cutover.lock import HeldLock
from migrate_cli.cutover.patience import live, wait_for, wait_until_applied
from migrate_cli.cutover.ports import Say
from migrate_cli.cutover.records import Change, Note
from migrate_cli.cutover.store import StateStore
from migrate_cli.routers.port import Router
from wsmigrate.command_texts import name_of
from wsmigrate.config import Config, NotifyBackend, RoomForm
from wsmigrate.cutover_config import Argv, CutoverConfig
from wsmigrate.errors import UnavailableError
from wsmigrate.facts import (
    BindRooms,
    CloseDoor,
    Command,
    MoveSockets,
    OpenDoor,
    PassBarrier,
    PublishTo,
    RemoveExchanges,
    RouteRooms,
    StartBridge,
    StopBridge,
    UnbindRooms,
)
from wsmigrate.sides import Side

_MARKERS_EVERY_S = 2.0


class Drain(Protocol):
    """Closes sockets at a set rate."""

    def move(self, away_from: Side, say: Say) -> str:
        """Close a server's sockets of rooms that belong to the other one, until none is left; what
        was seen. Raises WsmigrateError."""


@dataclass(frozen=True)
class Site:
    """What the commands act on. ``door`` and ``drain``: None where the project has none yet."""

    store: StateStore
    lock: HeldLock
    project: Config
    inboxes: Inboxes
    config: CutoverConfig
    door: Router | None = None
    drain: Drain | None = None


class SiteEffects:
    """Every command of wsmigrate.facts on a real site. All are idempotent."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._doers: dict[type[Any], Callable[[Any, Say], str]] = {
            OpenDoor: self._open_door,
            CloseDoor: self._close_door,
            StartBridge: self._start_bridge,
            StopBridge: self._stop_bridge,
            RouteRooms: self._route_rooms,
            MoveSockets: self._move_sockets,
            BindRooms: self._bind_rooms,
            UnbindRooms: self._unbind_rooms,
            PublishTo: self._publish_to,
            PassBarrier: self._pass_barrier,
            RemoveExchanges: self._remove_exchanges,
        }

    def do(self, command: Command, say: Say) -> str:
        """See migrate_cli.cutover.ports.Effects."""
        return self._doers[type(command)](command, say)

    def _open_door(self, _command: OpenDoor, _say: Say) -> str:
        self._run_hook(self._site.config.open_door)
        share = self._door().share()
        if share.percent != 0:
            raise UnavailableError(
                f"The front door sends {share.percent} % of the rooms to the new server, and is to "
                "send none yet.",
                remedy="Set it to 0: wsmigrate route set 0.",
            )
        return f"{self._door().name} sends all rooms to the old server"

    def _close_door(self, _command: CloseDoor, _say: Say) -> str:
        self._run_hook(self._site.config.close_door)
        return ""

    def _start_bridge(self, _command: StartBridge, say: Say) -> str:
        self._run_hook(self._site.config.start_bridge)
        return self._relayed(say)

    def _stop_bridge(self, _command: StopBridge, say: Say) -> str:
        servers = live(self._site.store, "server")
        sockets = sum(int(server.facts.get("sockets", 0)) for server in servers)
        seen = self._relayed(say) if sockets else "the new server has no socket"
        self._run_hook(self._site.config.stop_bridge)
        return seen

    def _route_rooms(self, command: RouteRooms, _say: Say) -> str:
        share = self._door().set_share(command.percent)
        return f"{self._door().name} sends {share.percent:g} % of the rooms to the new server"

    def _move_sockets(self, command: MoveSockets, say: Say) -> str:
        if self._site.drain is None:
            raise UnavailableError("No way to close sockets at a set rate is set up.")
        return self._site.drain.move(command.away_from, say)

    def _bind_rooms(self, command: BindRooms, say: Say) -> str:
        revision = self._change(command, Change(binds=True), done=self._site_state().binds)
        return self._applied("server", revision, say)

    def _unbind_rooms(self, command: UnbindRooms, say: Say) -> str:
        revision = self._change(command, Change(binds=False), done=not self._site_state().binds)
        return self._applied("server", revision, say)

    def _publish_to(self, command: PublishTo, say: Say) -> str:
        barrier = True if command.backend is NotifyBackend.CHANNELS else None
        change = Change(backend=command.backend, barrier=barrier)
        done = self._site_state().backend is command.backend
        return self._applied("publisher", self._change(command, change, done=done), say)

    def _pass_barrier(self, command: PassBarrier, say: Say) -> str:
        barrier = self._site_state().barrier
        sent_at = -_MARKERS_EVERY_S

        def objection() -> str:
            nonlocal sent_at
            servers = live(self._site.store, "server")
            behind = [
                server for server in servers if server.facts.get("barrier_passed", 0) < barrier
            ]
            if behind and time.monotonic() - sent_at >= _MARKERS_EVERY_S:
                self._site.inboxes.send_markers(barrier)
                sent_at = time.monotonic()
            return ", ".join(f"server {server.name} waits for a marker" for server in behind)

        took_s = self._wait(objection, self._site.config.relayed_within_s, say, "The barrier")
        self._change(command, Change(barrier=False), done=self._site_state().barrier_out)
        return f"the markers have come out of every inbox, after {took_s:.1f} s"

    def _remove_exchanges(self, _command: RemoveExchanges, _say: Say) -> str:
        rooms = self._site.store.bound_rooms()
        if self._site.project.room_form is not RoomForm.FANOUT:
            return "rooms have no exchanges of their own here"
        removed, kept = remove_unused(self._site.project, rooms)
        self._site.store.forget_rooms(rooms)
        return f"{removed} exchanges were removed, {kept} are used by others and stay"

    def _relayed(self, say: Say) -> str:
        """Wait until all that is in the inboxes has been relayed."""
        offsets: dict[str, int | None] = {}

        def objection() -> str:
            if not offsets:
                offsets.update(self._site.inboxes.send_markers(0))
            behind = self._site.inboxes.not_relayed(offsets, self._site.store.cursors())
            return f"nothing relays {', '.join(behind)} up to its end" if behind else ""

        took_s = self._wait(objection, self._site.config.relayed_within_s, say, "Relaying")
        return f"all {len(offsets)} inboxes are relayed to their end, after {took_s:.1f} s"

    def _door(self) -> Router:
        if self._site.door is None:
            raise UnavailableError(
                "No front door is set up.",
                remedy="Describe it in wsmigrate.toml, table [front_door] (docs/front-door.md).",
            )
        return self._site.door

    def _site_state(self) -> Any:
        return self._site.store.load().site

    def _change(self, command: Command, change: Change, *, done: bool) -> int:
        """The revision that holds it: a new one, unless it is so already."""
        if done:
            return int(self._site_state().revision)
        self._site.lock.require()
        note = Note("revision", command=name_of(command))
        return self._site.store.save(self._site.lock.fence, change, note)

    def _applied(self, role: str, revision: int, say: Say) -> str:
        site = self._site
        return wait_until_applied(
            site.store, role, revision, site.config.processes_within_s, site.lock, say
        )

    def _wait(self, objection: Callable[[], str], within_s: float, say: Say, what: str) -> float:
        return wait_for(objection, within_s, self._site.lock, say, what)

    def _run_hook(self, argv: Argv) -> None:
        run_hook(argv, self._site.config.hook_within_s)
