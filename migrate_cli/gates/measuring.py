"""One measurement for all gates of a step: what each needs, in the same window."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bridge.database import LayerDatabase
from compat_tests.capture.request import Target
from compat_tests.config import headers_of, own_rules, tls_context
from compat_tests.running.options import Server
from migrate_cli.cutover.store import StateStore
from migrate_cli.drain.broker import count_legacy_queues
from migrate_cli.drain.mover import census_of
from migrate_cli.gates.kept import inboxes_kept
from migrate_cli.gates.listening import Ears, Heard, Listener
from migrate_cli.gates.posting import post_of
from migrate_cli.gates.sampling import Sampler
from migrate_cli.gates.settings import GateSettings
from migrate_cli.routers.doors import FrontDoor
from wsmigrate.config import Config, NotifyBackend, RoomForm
from wsmigrate.errors import UnavailableError, WsmigrateError
from wsmigrate.gates.evidence import (
    DoorCounts,
    Evidence,
    Missing,
    OldSockets,
    Retention,
)
from wsmigrate.rooms import checked_room
from wsmigrate.rungs import Rung, Stage
from wsmigrate.sides import Side
from wsmigrate.site_state import SiteState
from wsmigrate.synthetic import synthetic_rooms

WINDOWED = frozenset(
    {"parity", "latencies", "relay", "dead_letters", "retention", "copies", "server", "door"}
)
"""What takes a window of time to measure."""
_HEARD = frozenset({"parity", "latencies", "relay", "copies", "server", "dead_letters"})
_WITHOUT_OLD = frozenset({Stage.DRAIN, Stage.DIRECT, Stage.RETIRED})
"""The old server has no clients there, and shall get none."""
_HEARTBEATS_S = 2.5
"""After the window: until bridges and servers have told what they counted in it."""

T = TypeVar("T")


@dataclass(frozen=True)
class Measuring:
    """Measures a site. ``queues_command`` prints the broker's queues (see [drain])."""

    settings: GateSettings
    project: Config
    store: StateStore
    database: Mapping[str, Any]
    door: FrontDoor | None = None
    queues_command: Sequence[str] = ()

    async def measure(self, needs: Collection[str], rung: Rung) -> Evidence:
        """What is needed. Where the site is the reason that something cannot be had, the evidence
        says so."""
        database = LayerDatabase(
            self.database, self.project.database, name="wsmigrate gates", timeout_s=10.0
        )
        try:
            return await self._measured(frozenset(needs), rung, database)
        finally:
            await database.close()

    async def _measured(
        self, needs: frozenset[str], rung: Rung, database: LayerDatabase
    ) -> Evidence:
        settings = self.settings
        sampler = Sampler(self.project, database, self.store)
        await sampler.look()
        if not needs & WINDOWED:
            return await self._of_now(needs, sampler, Evidence())
        began = time.monotonic()
        door_before = await self._traffic()
        ended = asyncio.Event()
        sampling = asyncio.create_task(sampler.until(ended), name="gates-sampling")
        try:
            heard = await _or_missing(self._listen(needs, rung))
            await asyncio.sleep(max(0.0, began + settings.window_s - time.monotonic()))
            await asyncio.sleep(_HEARTBEATS_S)
        finally:
            ended.set()
            await sampling
        await sampler.look()
        evidence = Evidence(
            seconds=time.monotonic() - began,
            relay=sampler.relayed(),
            dead_letters=sampler.dead_letters(),
            copies=sampler.copies(),
            server=sampler.server(),
            door=_grown(door_before, await self._traffic()),
            parity=heard if isinstance(heard, Missing) else heard.parity,
            latencies=heard if isinstance(heard, Missing) else heard.latencies,
            probe=heard if isinstance(heard, Missing) else heard.probe,
        )
        if "retention" in needs:
            evidence = replace(evidence, retention=await _or_missing(self._retention(sampler)))
        return await self._of_now(needs, sampler, evidence)

    async def _of_now(
        self, needs: frozenset[str], sampler: Sampler, evidence: Evidence
    ) -> Evidence:
        old: OldSockets | Missing = evidence.old_sockets
        if "old_sockets" in needs:
            old = await _or_missing(asyncio.to_thread(self._old_sockets))
        return replace(
            evidence,
            database=sampler.load(),
            processes=await asyncio.to_thread(sampler.revisions),
            old_sockets=old,
        )

    async def _listen(self, needs: frozenset[str], rung: Rung) -> Heard:
        settings, project = self.settings, self.project
        if not needs & _HEARD:
            raise UnavailableError("It was not listened for.")
        if not settings.channels_url:
            raise UnavailableError(
                "Where the new server is was not said.",
                remedy='Set channels_url = "ws://host:port" in [gates] of wsmigrate.toml.',
            )
        state = (await asyncio.to_thread(self.store.load)).site
        backend = project.notify_backend or state.backend
        by_broker = backend is not NotifyBackend.CHANNELS and project.room_form is RoomForm.FANOUT
        rooms: Sequence[str] = ()
        if by_broker:
            rooms = await asyncio.to_thread(self._rooms)
        joins_old = bool(settings.legacy_url) and by_broker and rung.stage not in _WITHOUT_OLD
        ears = Ears(
            channels=self._server(settings.channels_url),
            rooms=rooms,
            synthetic=synthetic_rooms(project.inboxes) if settings.synthetic else (),
            legacy=self._server(settings.legacy_url) if joins_old else None,
            amqp_urls=project.amqp_urls if by_broker and not joins_old else (),
            rules=own_rules(settings.rules),
            per_second=settings.per_second,
        )
        if not ears.rooms and not ears.synthetic:
            raise UnavailableError(
                "There is no room to listen in.",
                remedy="Name rooms in [gates], or leave the synthetic ones on.",
            )
        return await self._listener(ears, state).listen(settings.window_s)

    def _listener(self, ears: Ears, state: SiteState) -> Listener:
        return Listener(ears, post_of(self.project, state))

    def _server(self, url: str) -> Server:
        settings = self.settings
        origin = (("Origin", settings.origin),) if settings.origin else ()
        return Server(
            Target.of(url), (*origin, *headers_of(settings.headers)), tls_context(settings.ca)
        )

    def _rooms(self) -> tuple[str, ...]:
        """Those that are named, then those of clients that the front door knows, then those that
        the new server has bound."""
        found = dict.fromkeys(checked_room(room) for room in self.settings.rooms)
        synthetic = set(synthetic_rooms(self.project.inboxes))
        if self.door is not None:
            census = census_of(self.door)
            if census is not None:
                found.update(dict.fromkeys(seen.room for seen in census.clients().values()))
        return tuple(room for room in found if room not in synthetic)[: self.settings.most_rooms]

    async def _traffic(self) -> DoorCounts | Missing:
        if self.door is None:
            return Missing("There is no [front_door] in wsmigrate.toml.")
        try:
            traffic = await asyncio.to_thread(self.door.traffic, Side.CHANNELS)
        except WsmigrateError as error:
            return Missing(str(error))
        if traffic.connects is None or traffic.errors is None:
            return Missing("The front door does not count connects and errors.")
        return DoorCounts(traffic.connects, traffic.errors)

    async def _retention(self, sampler: Sampler) -> Retention:
        said = sampler.said_of_inboxes()
        if isinstance(said, Missing):
            raise UnavailableError(said.why)
        kept = await asyncio.to_thread(inboxes_kept, self.project, said)
        return Retention(kept, sampler.lost())

    def _old_sockets(self) -> OldSockets:
        counts: dict[str, float] = {}
        reasons = []
        if self.door is None:
            reasons.append("There is no [front_door] in wsmigrate.toml.")
        else:
            try:
                counts["the front door"] = self.door.sessions().legacy
            except WsmigrateError as error:
                reasons.append(str(error))
        if self.queues_command:
            try:
                counts["the broker's queues"] = count_legacy_queues(self.queues_command)
            except WsmigrateError as error:
                counts["the broker's queues"] = float("nan")
                reasons.append(str(error))
        if not counts:
            raise UnavailableError(" ".join(reasons))
        return OldSockets(counts)


def _grown(before: DoorCounts | Missing, after: DoorCounts | Missing) -> DoorCounts | Missing:
    if isinstance(before, Missing) or isinstance(after, Missing):
        return before if isinstance(before, Missing) else after
    if after.connects < before.connects or after.errors < before.errors:
        return Missing("The front door was started anew within the window.")
    return DoorCounts(after.connects - before.connects, after.errors - before.errors)


async def _or_missing(measuring: Coroutine[Any, Any, T]) -> T | Missing:
    try:
        return await measuring
    except WsmigrateError as error:
        return Missing(str(error))
