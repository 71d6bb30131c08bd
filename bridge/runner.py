"""Runs the bridge: the inboxes whose leases it holds, side by side."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from bridge.figures import Figures
from bridge.health import BridgeHealth
from bridge.leases import Holding, LeaseHolder
from bridge.probe import BrokerProbe
from bridge.sweeper import Sweeper
from bridge.worker import InboxWorker, Relaying
from wsmigrate.errors import UnavailableError

logger = logging.getLogger(__name__)

BEAT_S = 0.4
_END_TIMEOUT_S = 15.0
_LAST_WORD_S = 3.0
"""For how long the database is waited for in the end."""


class Bridge:
    """Relays its share of the inboxes into one channel layer, until ``stop``.

    Messages of one room stay in their order. See the sinks for what is promised of each. Every
    inbox has a connection to the broker of its own: what breaks one does not hold up the others.

    Any number of bridges share the inboxes out by leases. A bridge that is told that it lost a
    lease stops relaying the inbox; one that cannot be told, because the database is away or it is
    frozen, can do no harm where the sink is fenced.
    """

    def __init__(self, relaying: Relaying, leases: LeaseHolder, sweeper: Sweeper) -> None:
        self._relaying = relaying
        self._sweeper = sweeper
        self._leases = leases
        self._probe = BrokerProbe(relaying.hosts, relaying.patience_s)
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._workers: dict[str, InboxWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._holding = Holding()
        self._told: tuple[int, int] | None = None
        self._database_away = False
        self._beat_at = time.monotonic()

    @property
    def figures(self) -> Figures:
        """What was counted."""
        return self._relaying.figures

    @property
    def health(self) -> BridgeHealth:
        """How the bridge is at this moment."""
        return BridgeHealth(
            is_ending=self._stop.is_set(),
            has_lease=self._leases.is_valid,
            reaches_broker=self._reaches_broker(),
            held=tuple(self._workers),
            connecting=tuple(
                inbox for inbox, one in self._workers.items() if one.silent_since is not None
            ),
            layer_away=tuple(
                inbox for inbox in self._workers if self.figures.of(inbox).is_layer_away
            ),
            share=self._holding.share,
            bridges=self._holding.bridges,
            beat_age_s=time.monotonic() - self._beat_at,
        )

    def stop(self) -> None:
        """Have ``run`` return after the batches in hand."""
        self._stop.set()
        self._wake.set()
        for worker in self._workers.values():
            worker.stop()

    async def run(self) -> None:
        """Relay until ``stop``. What is away at the start or later is waited for.

        Raises ConfigError when the broker or the database refuses what the settings say, and when
        the database lacks its tables.
        """
        sweeping = asyncio.create_task(self._sweeper.run(), name="sweeper")
        try:
            while not self._stop.is_set():
                await self._beat_unless_stopped()
                self._raise_what_ended_a_worker()
                await self._pause()
        finally:
            self._stop.set()
            sweeping.cancel()
            await self._end()
            await asyncio.wait({sweeping}, timeout=_LAST_WORD_S)

    async def _beat_unless_stopped(self) -> None:
        """A database that does not answer is not waited for in the end."""
        beating = asyncio.create_task(self._beat(), name="beat")
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({beating, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                await asyncio.wait({beating}, timeout=_LAST_WORD_S)
            if beating.done():
                beating.result()
        finally:
            beating.cancel()
            stopping.cancel()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), BEAT_S)
        except TimeoutError:
            return
        self._wake.clear()

    async def _beat(self) -> None:
        self._beat_at = time.monotonic()
        keep = tuple(self._workers)
        try:
            holding = await self._leases.share_out(
                keep, reaches_broker=self._reaches_broker(), said=self._said()
            )
        except UnavailableError as error:
            if not self._database_away:
                logger.warning("The leases cannot be renewed: %s", error)
            self._database_away = True
            return
        self._beat_at = time.monotonic()
        self._database_away = False
        self._holding = holding
        for inbox in set(self._workers) - set(holding.inboxes):
            logger.warning("The lease of %s is another bridge's now", inbox)
            self._give_up(inbox)
        # What was given up while the database was asked is freed by the next beat, not taken again.
        for inbox in set(holding.inboxes) - set(self._workers) - set(keep):
            self._take(inbox)
        for inbox in sorted(self._workers)[max(0, holding.share) :]:
            self._give_up(inbox)
        self._tell()

    def _take(self, inbox: str) -> None:
        worker = self._workers[inbox] = InboxWorker(inbox, self._relaying)
        self.figures.of(inbox).held = True
        self._tasks[inbox] = asyncio.create_task(
            self._run_after(self._ending.get(inbox), worker), name=inbox
        )

    async def _run_after(self, ending: asyncio.Task[None] | None, worker: InboxWorker) -> None:
        if ending is not None:
            await asyncio.wait({ending})
        await worker.run()

    def _give_up(self, inbox: str) -> None:
        """Have the worker end after its batch. The lease is free once it has."""
        worker = self._workers[inbox]
        worker.stop()
        task = self._tasks[inbox]
        if self._reaches_broker() and inbox in self._holding.inboxes and not task.done():
            # In order: the next holder begins where this one ends.
            task.add_done_callback(lambda _task: self._gave_up(inbox, worker))
        else:
            self._gave_up(inbox, worker)

    def _gave_up(self, inbox: str, worker: InboxWorker) -> None:
        if self._workers.get(inbox) is worker:
            del self._workers[inbox]
            self.figures.of(inbox).held = False
            self._ending[inbox] = self._tasks.pop(inbox)
            self._wake.set()

    def _reaches_broker(self) -> bool:
        """Not once nothing was delivered to any inbox for a quarter of a lease."""
        if not self._workers:
            return self._probe.reached
        limit = time.monotonic() - self._relaying.config.bridge_lease_s / 4
        reaches = any(
            worker.silent_since is None or worker.silent_since > limit
            for worker in self._workers.values()
        )
        self._probe.note(reached=reaches)
        return reaches

    def _raise_what_ended_a_worker(self) -> None:
        for task in [*self._tasks.values(), *self._ending.values()]:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _end(self) -> None:
        """What ends one inbox ends all. They finish: to cancel a connection that pika is opening
        makes it raise an AssertionError into the log."""
        tasks = [*self._tasks.values(), *self._ending.values()]
        for worker in self._workers.values():
            worker.stop()
        if tasks:
            await asyncio.wait(tasks, timeout=_END_TIMEOUT_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._probe.stop()
        await self._relaying.gaps.stop()
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                await self._leases.leave()
        except Exception as error:  # the leases then run out
            logger.warning("The leases were not given back (%s)", type(error).__name__)
        await self._leases.close()
        figures = self.figures
        logger.info(
            "Stopped: %d messages relayed, %d skipped, %d dead-lettered",
            figures.total("relayed"),
            figures.total("skipped"),
            figures.dead,
        )

    def _said(self) -> Mapping[str, Any]:
        now = time.time()
        return {inbox: self.figures.of(inbox).said(now) for inbox in self._workers}

    def _tell(self) -> None:
        """Once for each new share, when all of it is relayed."""
        share = (len(self._workers), self._holding.bridges)
        if share == self._told or len(self._workers) != self._holding.share:
            return
        if all(worker.silent_since is None for worker in self._workers.values()):
            self._told = share
            logger.info("Relaying %d inboxes, as one of %d bridges", *share)
