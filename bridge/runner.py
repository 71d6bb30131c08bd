"""Runs the bridge: all inboxes, side by side."""

from __future__ import annotations

import asyncio
import logging

from bridge.cursors import CursorStore
from bridge.inbox import RelayCounts
from bridge.sinks import Sink
from bridge.worker import InboxWorker, Relaying
from wsmigrate.config import Config
from wsmigrate.topology import inbox_names

logger = logging.getLogger(__name__)

_END_TIMEOUT_S = 15.0


class Bridge:
    """Relays all inboxes into one channel layer, until ``stop``.

    Messages of one room stay in their order. See the sinks for what is promised of each. Every
    inbox has a connection to the broker of its own: what breaks one does not hold up the others.
    """

    def __init__(self, config: Config, sink: Sink, cursors: CursorStore) -> None:
        self._config = config
        self._sink = sink
        self._cursors = cursors
        self._stop = asyncio.Event()
        self._waiting = set(inbox_names(config.inboxes))
        self.counts = RelayCounts()

    def stop(self) -> None:
        """Have ``run`` return after the batches in hand."""
        self._stop.set()

    async def run(self) -> None:
        """Relay until ``stop``. What is away at the start or later is waited for.

        Raises ConfigError when the broker or the database refuses what the settings say, and when
        the database lacks its tables.
        """
        relaying = Relaying(self._config, self._cursors, self._sink, self.counts, self._stop)
        workers = [
            asyncio.create_task(InboxWorker(inbox, relaying, self._consuming).run(), name=inbox)
            for inbox in inbox_names(self._config.inboxes)
        ]
        try:
            await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            # What ends one inbox ends all. They finish: to cancel a connection that pika is
            # opening makes it raise an AssertionError into the log.
            self._stop.set()
            await asyncio.wait(workers, timeout=_END_TIMEOUT_S)
        finally:
            for worker in workers:
                worker.cancel()
            outcomes = await asyncio.gather(*workers, return_exceptions=True)
            await self._cursors.close()
            logger.info(
                "Stopped: %d messages relayed, %d skipped, %d not relayable",
                self.counts.relayed,
                self.counts.skipped,
                self.counts.unrelayable,
            )
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def _consuming(self, inbox: str) -> None:
        if inbox not in self._waiting:
            logger.info("%s is relayed again", inbox)
            return
        self._waiting.discard(inbox)
        if not self._waiting:
            logger.info("Relaying %d inboxes", self._config.inboxes)
