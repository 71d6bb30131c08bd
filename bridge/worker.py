"""Keeps one inbox relayed for as long as its lease lasts, whatever happens to its connection."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from bridge.cursors import CursorStore
from bridge.dead_letters import DeadLetterStore
from bridge.delivery import Batch, DeadLetter
from bridge.figures import Figures, InboxState
from bridge.gaps import GapStore
from bridge.inbox import InboxRelay, RelayLimits
from bridge.poison import PoisonWatch
from bridge.positions import described, start_after
from bridge.reading import QueueReading, Reading
from bridge.rhythm import Rhythm
from bridge.session import InboxSession
from bridge.sinks import Sink
from bridge.site_name import SiteName
from bridge.stream_reading import CursorBeyondEndError, StreamReading
from wsmigrate.amqp import AmqpClosedError, BrokerHosts
from wsmigrate.amqp_url import redacted_url
from wsmigrate.config import Config
from wsmigrate.cursor import CursorMove
from wsmigrate.errors import ConfigError, RefusedError, UnavailableError
from wsmigrate.gap import InboxGap
from wsmigrate.inbox_claim import claim
from wsmigrate.topology import InboxKind

logger = logging.getLogger(__name__)

_FIRST_BACKOFF_S = 0.2
_MAX_BACKOFF_S = 5.0
_LASTED_S = 10.0
_MORE_PATIENCE = 4


@dataclass(frozen=True)
class Relaying:
    """What the inboxes of a bridge have in common."""

    config: Config
    hosts: BrokerHosts
    site: SiteName
    cursors: CursorStore
    letters: DeadLetterStore
    gaps: GapStore
    sink: Sink
    figures: Figures
    rhythm: Rhythm
    is_ours: Callable[[], bool]

    @property
    def limits(self) -> RelayLimits:
        """What each inbox may take. The memory is shared out among all of them."""
        config = self.config
        return RelayLimits(
            max_batch=config.bridge_batch,
            max_batch_bytes=config.bridge_batch_bytes,
            max_bytes_in_hand=max(1, config.bridge_memory_bytes // config.inboxes),
            max_message_bytes=config.max_message_bytes,
        )

    @property
    def patience_s(self) -> float:
        """How long a broker may be silent: half a lease, so that an inbox whose bridge does not
        reach the broker is another's by the time that the lease is over."""
        return self.config.bridge_lease_s / 2


class InboxWorker:
    """Relays one inbox over sessions of its own, so that none holds up another."""

    def __init__(self, inbox: str, relaying: Relaying) -> None:
        self._inbox = inbox
        self._relaying = relaying
        self._figures = relaying.figures.of(inbox)
        self._poison = PoisonWatch()
        self._stop = asyncio.Event()
        self._backoff_s = _FIRST_BACKOFF_S
        self._seen = -1
        self._connect_within_s = relaying.patience_s
        self._told_that_it_was_gone = False
        self.silent_since: float | None = time.monotonic()
        """Since when nothing is delivered to it, in seconds of the monotonic clock; None while
        something would be."""

    def stop(self) -> None:
        """Have ``run`` return after the batch in hand."""
        self._stop.set()

    async def run(self) -> None:
        """Relay until stopped. What is away is waited for.

        Raises ConfigError when the broker, before it took any connection, or the database refuses
        what the settings say, and when the inbox is another site's.
        """
        while not self._stop.is_set():
            try:
                await self._run_session()
            except (AmqpClosedError, UnavailableError, RefusedError, TimeoutError) as error:
                self._raise_if_refused(error)
                pause_s = self._backoff_s * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
                logger.warning(
                    "%s: %s Trying again in %.1f s", self._inbox, _described(error), pause_s
                )
                await self._sleep_unless_stopped(pause_s)
                self._backoff_s = min(self._backoff_s * 2, _MAX_BACKOFF_S)
            finally:
                self._silent()

    async def _run_session(self) -> None:
        relaying = self._relaying
        self._figures.sessions += 1
        cursor = await relaying.cursors.read(self._inbox)
        if self._poison.convinced:
            cursor = await self._pass_over(cursor)
        relay = InboxRelay(
            self._inbox,
            cursor=cursor,
            sink=relaying.sink,
            figures=self._figures,
            limits=relaying.limits,
            rhythm=relaying.rhythm,
            is_ours=relaying.is_ours,
        )
        reading = self._reading(cursor)
        site = await relaying.site.read()
        session = InboxSession(
            relaying.hosts,
            relay,
            reading,
            lambda connection: claim(connection, [self._inbox], site, relaying.config.inbox_kind),
            patience_s=relaying.patience_s,
            connect_within_s=self._connect_within_s,
        )
        begun = time.monotonic()
        try:
            await session.run(self._stop, self._consuming, self._silent)
        except CursorBeyondEndError:
            await self._restart(cursor)
        finally:
            self._silent()
            # A broker that is merely slow takes no connection, if none is given the time.
            longer_s = min(self._connect_within_s * 2, relaying.patience_s * _MORE_PATIENCE)
            self._connect_within_s = relaying.patience_s if session.has_begun else longer_s
            if session.heard_new or time.monotonic() - begun > _LASTED_S:
                self._backoff_s = _FIRST_BACKOFF_S
                self._poison.went_on()
            elif session.unreadable is not None:
                self._poison.broke()
            if isinstance(reading, StreamReading):
                self._seen = max(self._seen, reading.last_position)

    def _reading(self, cursor: int | None) -> Reading:
        config = self._relaying.config
        if config.inbox_kind is InboxKind.QUEUE:
            return QueueReading(config, self._inbox, self._tell_that_it_was_gone)
        return StreamReading(
            config,
            self._inbox,
            start_after(cursor),
            on_gap=self._missed,
            on_missing=self._tell_that_it_was_gone,
            figures=self._figures,
            repeat_last=not self._poison.suspicious,
            seen=self._seen,
        )

    def _consuming(self) -> None:
        self._told_that_it_was_gone = False
        self.silent_since = None
        self._figures.state = InboxState.RELAYING
        if self._figures.sessions > 1:
            logger.info("%s is relayed again", self._inbox)

    def _silent(self) -> None:
        if self.silent_since is None:
            self.silent_since = time.monotonic()
            self._figures.state = InboxState.CONNECTING

    def _missed(self, first: int, last: int) -> None:
        self._figures.gaps += 1
        self._figures.missed += last - first + 1
        self._relaying.gaps.found(self._inbox, first, last)

    async def _restart(self, cursor: int | None) -> None:
        start = start_after(cursor)
        logger.error(
            "The cursor of %s, %s, is beyond the end of the inbox: the inbox was deleted, or the "
            "broker was reset. What was in it is lost. It is relayed from its first message, its "
            "rooms are bound again, and their sockets closed with 1012",
            self._inbox,
            described(start.position_of(start.offset - 1)),
        )
        await self._tell(CursorMove(self._inbox, cursor, start.cursor_of_next_epoch))
        self._figures.gaps += 1
        self._told_that_it_was_gone = True

    async def _tell_that_it_was_gone(self) -> None:
        """Of an inbox that was never relayed, or is a queue, and where the first bridge of all
        makes the inboxes: then nobody hears it."""
        if not self._told_that_it_was_gone:
            logger.info(
                "%s does not exist, so it is declared, and its rooms are bound again", self._inbox
            )
            await self._tell(None)

    async def _tell(self, move: CursorMove | None) -> None:
        gap = InboxGap(self._inbox, is_unbound=True)
        for step in self._relaying.sink.steps(Batch(move=move, gap=gap)):
            await step()

    async def _pass_over(self, cursor: int | None) -> int:
        start = start_after(cursor)
        position = start.position_of(start.offset)
        letter = DeadLetter(
            self._inbox, position, "unreadable", "it breaks each connection that delivers it"
        )
        await self._relaying.letters.keep([letter])
        await self._relaying.cursors.move(CursorMove(self._inbox, cursor, position))
        self._figures.dead[letter.reason] += 1
        self._poison.went_on()
        logger.error(
            "A message that breaks each connection is passed over: %s, %s",
            self._inbox,
            described(position),
        )
        return position

    def _raise_if_refused(self, error: Exception) -> None:
        """A broker that took the login before has lost its users for a while, as while a directory
        service is away: that is waited for."""
        refused = isinstance(error, AmqpClosedError) and error.is_refused_login
        if refused and not self._relaying.hosts.have_worked:
            raise ConfigError(
                f"RabbitMQ at {redacted_url(self._relaying.hosts.first)} refuses the bridge "
                f"({error}).",
                remedy="Check user, password, vhost and permissions.",
            ) from error

    async def _sleep_unless_stopped(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


def _described(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if text.endswith(".") else f"{text}."
