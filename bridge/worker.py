"""Keeps one inbox relayed, whatever happens to its connection."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import pika.exceptions

from bridge.cursors import CursorStore
from bridge.inbox import InboxRelay, RelayCounts
from bridge.poison import PoisonWatch
from bridge.positions import described, start_after
from bridge.session import CursorBeyondEndError, InboxSession
from bridge.sinks import Sink
from wsmigrate.amqp import AmqpClosedError
from wsmigrate.amqp_url import redacted_url
from wsmigrate.config import Config
from wsmigrate.cursor import CursorMove
from wsmigrate.errors import ConfigError, RefusedError, UnavailableError

logger = logging.getLogger(__name__)

_FIRST_BACKOFF_S = 0.2
_MAX_BACKOFF_S = 5.0
_LASTED_S = 10.0
_REFUSALS = (
    pika.exceptions.ProbableAuthenticationError,
    pika.exceptions.ProbableAccessDeniedError,
    pika.exceptions.AuthenticationError,
)


@dataclass(frozen=True)
class Relaying:
    """What the inboxes of a bridge have in common."""

    config: Config
    cursors: CursorStore
    sink: Sink
    counts: RelayCounts
    stop: asyncio.Event


class InboxWorker:
    """Relays one inbox over sessions of its own, so that none holds up another."""

    def __init__(self, inbox: str, relaying: Relaying, on_consuming: Callable[[str], None]) -> None:
        self._inbox = inbox
        self._relaying = relaying
        self._on_consuming = on_consuming
        self._poison = PoisonWatch()
        self._backoff_s = _FIRST_BACKOFF_S

    async def run(self) -> None:
        """Relay until stopped. What is away is waited for.

        Raises ConfigError when the broker or the database refuses what the settings say.
        """
        while not self._relaying.stop.is_set():
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

    async def _run_session(self) -> None:
        relaying = self._relaying
        cursor = await relaying.cursors.read(self._inbox)
        if self._poison.convinced:
            cursor = await self._pass_over(cursor)
        start = start_after(cursor)
        relay = InboxRelay(
            self._inbox,
            cursor=cursor,
            sink=relaying.sink,
            counts=relaying.counts,
            max_message_bytes=relaying.config.max_message_bytes,
        )
        session = InboxSession(
            relaying.config, relay, start, repeat_last=not self._poison.suspicious
        )
        begun = time.monotonic()
        try:
            await session.run(relaying.stop, lambda: self._on_consuming(self._inbox))
        except CursorBeyondEndError:
            await self._restart(cursor)
        finally:
            if session.heard_new or time.monotonic() - begun > _LASTED_S:
                self._backoff_s = _FIRST_BACKOFF_S
                self._poison.went_on()
            elif session.unreadable is not None:
                self._poison.broke()

    async def _restart(self, cursor: int | None) -> None:
        start = start_after(cursor)
        logger.error(
            "The cursor of %s, %s, is beyond the end of the inbox: the inbox was deleted, or the "
            "broker was reset. It is relayed from its first message",
            self._inbox,
            described(start.position_of(start.offset - 1)),
        )
        await self._relaying.cursors.move(
            CursorMove(self._inbox, cursor, start.cursor_of_next_epoch)
        )

    async def _pass_over(self, cursor: int | None) -> int:
        start = start_after(cursor)
        position = start.position_of(start.offset)
        await self._relaying.cursors.move(CursorMove(self._inbox, cursor, position))
        self._relaying.counts.unrelayable += 1
        self._poison.went_on()
        logger.error(
            "A message that breaks each connection is passed over: %s, %s",
            self._inbox,
            described(position),
        )
        return position

    def _raise_if_refused(self, error: Exception) -> None:
        if isinstance(error, AmqpClosedError) and isinstance(error.reason, _REFUSALS):
            raise ConfigError(
                f"RabbitMQ at {redacted_url(self._relaying.config.amqp_url)} refuses the bridge "
                f"({error.reason}).",
                remedy="Check user, password, vhost and permissions.",
            ) from error

    async def _sleep_unless_stopped(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._relaying.stop.wait(), seconds)
        except TimeoutError:
            return


def _described(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if text.endswith(".") else f"{text}."
