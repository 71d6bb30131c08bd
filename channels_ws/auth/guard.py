"""The guard: who gets in. Asked by the consumer before anything is bound or joined."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

from channels_ws.auth.identify import Identifier
from channels_ws.auth.identity import Identity, identity_at_hand, nobody
from channels_ws.auth.policies import Policy
from channels_ws.auth.reasons import Reason
from channels_ws.auth.threads import Threads, bounded
from channels_ws.auth.tokens import header_values
from channels_ws.metrics import Metrics
from channels_ws.refusal_log import RefusalLog
from wsmigrate.config import Config
from wsmigrate.origins import origin_is_allowed
from wsmigrate.synthetic import is_synthetic_room

logger = logging.getLogger(__name__)

# How many handshakes are decided at a time. The others wait for their turn, not for the time that
# a decision may take: 5,000 that come at once would all be too slow otherwise.
_AT_A_TIME = 64
_TURN_WITHIN_S = 30.0
_SHOWN_CHARACTERS = 80


class RefusedError(Exception):
    """The client is not let in: the handshake is answered with ``reason.status``."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


class Guard:
    """Origin, identity, policy: the first objection refuses.

    In the mode ``report-only`` everybody is let in, and who would not have been is counted. Raises
    ConfigError if the policy's hook cannot be had.
    """

    def __init__(self, config: Config, metrics: Metrics) -> None:
        self._config = config
        self._metrics = metrics
        self._log = RefusalLog(logger)
        self._threads = Threads()
        self._identifier = Identifier(config, self._threads)
        self._policy = Policy("AUTHORIZE", config.authorize, self._threads)
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    async def admit(self, scope: dict[str, Any], room: str) -> Identity:
        """The identity of a client that may be in the room; RefusedError for any other.

        Where nothing depends on who it is (the policy ``open``), nobody is looked up. A client that
        is only let in because of ``report-only`` has the reason as its problem.
        """
        config = self._config
        identity = identity_at_hand(scope)
        reason = self._objection_to_origin(scope)
        if config.asks_who and (reason is None or config.reports_only):
            identity, objection = await self._in_turn(scope, room)
            reason = reason or (None if config.is_open else objection)
        if reason is None:
            return identity
        self._object(reason, identity, scope, room)
        return replace(identity, problem=reason)

    def close(self) -> None:
        """Decide no more."""
        self._threads.close()

    def _objection_to_origin(self, scope: dict[str, Any]) -> Reason | None:
        origins = header_values(scope, b"origin")
        if origin_is_allowed(
            origins,
            self._config.allowed_origins,
            missing_is_allowed=self._config.allow_missing_origin,
        ):
            return None
        return Reason.ORIGIN if origins else Reason.ORIGIN_MISSING

    async def _in_turn(self, scope: dict[str, Any], room: str) -> tuple[Identity, Reason | None]:
        try:
            async with asyncio.timeout(_TURN_WITHIN_S):
                await self._turns.acquire()
        except TimeoutError:
            return nobody(Reason.TOO_SLOW), Reason.TOO_SLOW
        try:
            return await bounded(self._decide(scope, room), self._config.authorize_timeout_s)
        except TimeoutError:
            return nobody(Reason.TOO_SLOW), Reason.TOO_SLOW
        finally:
            self._turns.release()

    async def _decide(self, scope: dict[str, Any], room: str) -> tuple[Identity, Reason | None]:
        identity = await self._identifier.identify(scope)
        return identity, await self._policy.objection(identity, room)

    def _object(self, reason: Reason, identity: Identity, scope: dict[str, Any], room: str) -> None:
        who = identity.label
        if reason is Reason.ORIGIN:
            who = f"origin {header_values(scope, b'origin')[0][:_SHOWN_CHARACTERS]!r}"
        if self._config.reports_only:
            if is_synthetic_room(room):
                return  # no client of the site: it would only blur the figure
            self._metrics.would_refuse.labels(reason=reason.value).inc()
            text = f"Let in, and would be refused with {reason.status}: {reason.value} ({who})"
            self._log.say(reason.value, text)
            return
        self._metrics.handshakes_refused.labels(reason=reason.value).inc()
        self._log.say(reason.value, f"Refused with {reason.status}: {reason.value} ({who})")
        raise RefusedError(reason)
