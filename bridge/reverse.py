"""The reverse relay: from the layer to the exchanges of rooms, for legacy sockets."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence

from bridge.cursors import CursorStore
from bridge.exchange_publisher import ExchangePublisher
from bridge.layer_log import CURSOR, LayerLog
from wsmigrate.amqp import AmqpClosedError
from wsmigrate.cursor import CursorMove, CursorMovedError
from wsmigrate.errors import UnavailableError
from wsmigrate.message import Message

logger = logging.getLogger(__name__)

_LOOK_S = 1.0
_FIRST_BACKOFF_S = 0.2
_MAX_BACKOFF_S = 5.0


class ReverseRelay:
    """Publishes to RabbitMQ what publishers put straight into the PostgreSQL layer, until ``stop``.

    Not what came from RabbitMQ, and not what was published to both. Order is kept. At least once:
    a relay that dies between the broker's confirmation and the move of its cursor publishes that
    batch, up to 200 rows of the log, again, with the same ids; legacy clients know no ids. Of
    several relays one works, by lease; the cursor is moved by compare-and-set.
    """

    def __init__(
        self,
        log: LayerLog,
        cursors: CursorStore,
        publisher: ExchangePublisher,
        lease_s: float,
    ) -> None:
        self._log = log
        self._cursors = cursors
        self._publisher = publisher
        self._lease_s = lease_s
        self._stop = asyncio.Event()
        self._is_ours = False
        self.published = 0
        self.skipped = 0

    def stop(self) -> None:
        """Have ``run`` return after the batch in hand, within a second."""
        self._stop.set()

    async def run(self) -> None:
        """Relay. What is away is waited for. Raises ConfigError."""
        backoff = _FIRST_BACKOFF_S
        try:
            while not self._stop.is_set():
                try:
                    await self._relay_while_ours()
                    backoff = _FIRST_BACKOFF_S
                except CursorMovedError:
                    logger.warning("Another reverse relay has gone on in the meantime")
                except (AmqpClosedError, UnavailableError, TimeoutError) as error:
                    reason = str(error) or type(error).__name__
                    logger.warning("%s Trying again in %.1f s", reason, backoff)
                    await self._publisher.close()
                    await self._sleep(backoff * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
                    backoff = min(backoff * 2, _MAX_BACKOFF_S)
        finally:
            await self._end()

    async def _relay_while_ours(self) -> None:
        if not await self._log.hold_lease(self._lease_s):
            self._is_ours = False
            await self._sleep(_LOOK_S)
            return
        if not self._is_ours:
            logger.info("Relaying from the layer to RabbitMQ")
            self._is_ours = True
        cursor = await self._log.cursor()
        renew_at = time.monotonic() + self._lease_s / 3
        while not self._stop.is_set() and time.monotonic() < renew_at:
            rows = await self._log.read(cursor)
            if rows.missed:
                logger.error(
                    "MESSAGES ARE LOST to legacy clients: the layer's log did not keep up to %d "
                    "rows until they were read. Raise the layer's `retention`",
                    rows.missed,
                )
            if rows.after == cursor:
                await self._log.wait_for_more(min(_LOOK_S, max(0.01, renew_at - time.monotonic())))
                continue
            published = await self._published(rows.messages)
            if published is None:
                return
            await self._cursors.move(CursorMove(CURSOR, cursor, rows.after))
            cursor = rows.after
            self.published += published
            self.skipped += len(rows.messages) - published

    async def _published(self, messages: Sequence[Message]) -> int | None:
        """How many were, once the broker has them; None after ``stop``. That may take minutes while
        it is short of memory or disk, and the lease is kept for so long."""
        publishing = asyncio.ensure_future(self._publisher.publish(messages))
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            while not publishing.done():
                await asyncio.wait(
                    {publishing, stopping},
                    timeout=self._lease_s / 3,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if publishing.done():
                    break
                if stopping.done():
                    await asyncio.wait({publishing}, timeout=_LOOK_S)
                    return publishing.result() if publishing.done() else None
                if not await self._log.hold_lease(self._lease_s):
                    raise UnavailableError("Another reverse relay has the lease.")
        finally:
            for task in (publishing, stopping):
                task.cancel()
            await asyncio.gather(publishing, stopping, return_exceptions=True)
        return publishing.result()

    async def _end(self) -> None:
        try:
            await self._log.give_lease_back()
        except Exception as error:  # it then runs out
            logger.warning("The lease was not given back (%s)", type(error).__name__)
        await self._publisher.close()
        await self._log.close()
        logger.info(
            "Stopped: %d messages published, %d of rooms without an exchange",
            self.published,
            self.skipped,
        )

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return
