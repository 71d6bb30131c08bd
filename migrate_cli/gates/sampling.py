"""What processes and PostgreSQL say, looked at again and again within a window."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.database import LayerDatabase
from bridge.dead_letters import DeadLetterStore
from bridge.status import RelayStatus, relay_status
from migrate_cli.cutover.patience import LIVE_S
from migrate_cli.cutover.records import Process
from migrate_cli.cutover.store import StateStore
from wsmigrate.config import Config
from wsmigrate.errors import WsmigrateError
from wsmigrate.gates.evidence import (
    CopiesSeen,
    DatabaseLoad,
    DeadLetters,
    Missing,
    ProcessRevisions,
    Relayed,
    ServerCounts,
)
from wsmigrate.gates.growth import Growth

_EVERY_S = 0.5
_WAITED_IN_ORDER = "held"
"""Of what servers hold: it came out by itself. The other reasons are messages that were given up.
"""
_ONE_SIDED = ("rabbitmq-failed", "layer-failed")


@dataclass
class Sampler:
    """Looks at the database of the layer. What cannot be had is kept as the reason."""

    project: Config
    database: LayerDatabase
    store: StateStore
    servers: Growth = field(default_factory=Growth)
    publishers: Growth = field(default_factory=Growth)
    bridges: Growth = field(default_factory=Growth)
    _relay: RelayStatus | None = None
    _first_missing: int | None = None
    _lag_s: float = 0.0
    _connections: float = 0.0
    _load: DatabaseLoad | None = None
    _processes: list[Process] = field(default_factory=list)
    _most_servers: int = 0
    _failure: str = ""

    async def until(self, ended: asyncio.Event) -> None:
        """Look until the window is over."""
        while not ended.is_set():
            began = time.monotonic()
            await self.look()
            pause_s = _EVERY_S - (time.monotonic() - began)
            try:
                await asyncio.wait_for(ended.wait(), max(0.05, pause_s))
            except TimeoutError:
                continue

    async def look(self) -> None:
        """One look."""
        try:
            await self._look_at_relay()
            await self._look_at_processes()
            await self._look_at_load()
        except WsmigrateError as error:
            self._failure = str(error)
        else:
            self._failure = ""

    async def _look_at_relay(self) -> None:
        project = self.project
        letters = DeadLetterStore(self.database, project.dead_letter_bytes)
        status = await relay_status(
            self.database, letters, project.inbox_names, project.bridge_lease_s
        )
        self._relay = status
        if self._first_missing is None:
            self._first_missing = sum(status.missing.values())
        held = [one for one in status.inboxes if one.holder is not None]
        self.bridges.sample(
            {
                f"{one.holder} {one.inbox}": {"relayed": float(one.said.get("relayed", 0))}
                for one in held
            }
        )
        lags = [float(one.said.get("lag_s", 0.0)) for one in held]
        self._lag_s = max([self._lag_s, *lags])

    async def _look_at_processes(self) -> None:
        found = await asyncio.to_thread(self.store.processes, None, LIVE_S)
        self._processes = found
        self.servers.sample(_by_process(found, "server"))
        self.publishers.sample(_by_process(found, "publisher"))
        servers = sum(process.role == "server" for process in found)
        self._most_servers = max(self._most_servers, servers)

    async def _look_at_load(self) -> None:
        rows = await self.database.fetch(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
            " (SELECT sum(setting::int * CASE name WHEN 'max_connections' THEN 1 ELSE -1 END)"
            " FROM pg_settings WHERE name IN ('max_connections', 'superuser_reserved_connections',"
            " 'reserved_connections')),"
            " (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class AS c"
            " WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid)"
            " AND (c.relname LIKE 'wsmigrate\\_%%' OR c.relname LIKE 'channels\\_postgres\\_%%'))",
            {},
        )
        taken, most, table_bytes = map(float, rows[0])
        self._connections = max(self._connections, taken)
        self._load = DatabaseLoad(self._connections, most, table_bytes)

    def relayed(self) -> Relayed | Missing:
        """The bridges within the window."""
        status = self._relay
        if status is None or self._failure:
            return self._missing()
        nobody = tuple(one.inbox for one in status.inboxes if one.state != "relaying")
        count = self.bridges.total.get("relayed", 0.0)
        return Relayed(len(status.inboxes), count, self._lag_s, nobody)

    def dead_letters(self) -> DeadLetters | Missing:
        """What waits now."""
        if self._relay is None or self._failure:
            return self._missing()
        return DeadLetters(dict(self._relay.dead_letters))

    def lost(self) -> int:
        """Messages that inboxes have dropped within the window before they were relayed."""
        if self._relay is None or self._first_missing is None:
            return 0
        return sum(self._relay.missing.values()) - self._first_missing

    def said_of_inboxes(self) -> Mapping[str, Mapping[str, Any]] | Missing:
        """What the bridges last said of each inbox; nothing of one that nobody relays."""
        if self._relay is None or self._failure:
            return self._missing()
        return {one.inbox: one.said for one in self._relay.inboxes}

    def server(self) -> ServerCounts | Missing:
        """What the new server's processes counted."""
        if not self._most_servers:
            return self._missing("No process of the new server that follows the state is live.")
        grown = self.servers.total
        given_up = _of(grown, "waited")
        given_up.pop(_WAITED_IN_ORDER, None)
        opened = _of(grown, "opened")
        live = [process for process in self._processes if process.role == "server"]
        return ServerCounts(
            processes=len(live),
            opened=sum(opened.values()),
            opened_by_probe=opened.get("synthetic", 0.0),
            sockets=sum(float(process.facts.get("sockets", 0)) for process in live),
            refused=_of(grown, "refused"),
            would_refuse=_of(grown, "would_refuse"),
            closed=_of(grown, "closed"),
            given_up=given_up,
        )

    def copies(self) -> CopiesSeen | Missing:
        """What the servers found of copies, and publishers of sides that failed."""
        if not self._most_servers:
            return self._missing("No process of the new server that follows the state is live.")
        grown = self.publishers.total
        one_sided = {name: grown[name] for name in _ONE_SIDED if grown.get(name)}
        return CopiesSeen(_of(self.servers.total, "copies"), one_sided)

    def load(self) -> DatabaseLoad | Missing:
        """Of PostgreSQL."""
        return self._missing() if self._load is None or self._failure else self._load

    def revisions(self) -> ProcessRevisions | Missing:
        """Who applies what now."""
        if self._failure:
            return self._missing()
        try:
            revision = self.store.load().site.revision
        except WsmigrateError as error:
            return Missing(str(error))
        live: dict[str, int] = {}
        for process in self._processes:
            live[process.role] = live.get(process.role, 0) + 1
        behind = tuple(
            f"{process.role} {process.name} ({process.applied})"
            for process in self._processes
            if process.applied < revision
        )
        return ProcessRevisions(revision, live, behind)

    def _missing(self, otherwise: str = "The database of the layer was not looked at.") -> Missing:
        return Missing(self._failure or otherwise)


def _by_process(processes: list[Process], role: str) -> dict[str, dict[str, float]]:
    """The counters of the processes of a role; those by label as ``name/label``."""
    return {
        process.name: dict(_counters(process.facts))
        for process in processes
        if process.role == role
    }


def _counters(facts: Mapping[str, Any]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            found += [(f"{name}/{label}", float(count)) for label, count in value.items()]
        elif isinstance(value, (int, float)):
            found.append((name, float(value)))
    return found


def _of(grown: Mapping[str, float], name: str) -> dict[str, float]:
    """The counters of one name, by label, without those that did not grow."""
    prefix = f"{name}/"
    return {
        key.removeprefix(prefix): value
        for key, value in grown.items()
        if key.startswith(prefix) and value
    }
