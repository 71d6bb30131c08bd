"""The doorkeeper: asks the admission about each handshake, waits, counts and says so."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from channels_ws.admission import Admission, Limits, NotAdmittedError, Refusal
from channels_ws.client_address import client_of_scope
from channels_ws.metrics import Metrics
from channels_ws.refusal_log import RefusalLog
from channels_ws.token_bucket import Rate
from wsmigrate.config import Config

logger = logging.getLogger(__name__)

_TEXTS = {
    Refusal.SOCKETS: "this process has MAX_SOCKETS sockets",
    Refusal.ROOMS: "this process has MAX_ROOMS live rooms",
    Refusal.PACE: "new rooms come faster than NEW_ROOMS_PER_S",
    Refusal.ADDRESS: "new rooms of one address come faster than ADDRESS_NEW_ROOMS_PER_S",
}


class Seat:
    """The place of a socket that was admitted. To be given back however the socket ends."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back

    def give_back(self) -> None:
        """The socket is gone. More than once does no harm."""
        act, self._give_back = self._give_back, None
        if act is not None:
            act()


class Doorkeeper:
    """Keeps a server process within its limits. ``is_live``: whether the hub has a room."""

    def __init__(self, config: Config, metrics: Metrics, is_live: Callable[[str], bool]) -> None:
        self._config = config
        self._metrics = metrics
        self._is_live = is_live
        self._admission = Admission(_limits(config), time.monotonic())
        self._refusals = RefusalLog(logger)

    async def seat(self, scope: dict[str, Any], room: str) -> Seat:
        """A place for a socket, once its room may be opened. Raises NotAdmittedError."""
        address = client_of_scope(scope, self._config.trusted_proxies)
        try:
            wait_s = self._admission.enter(room, address, time.monotonic())
        except NotAdmittedError as error:
            self._note(error.refusal, address)
            raise
        seat = Seat(lambda: self._admission.leave(room, is_live=self._is_live(room)))
        if wait_s > 0:
            try:
                await asyncio.sleep(wait_s)
            except BaseException:
                seat.give_back()
                raise
        return seat

    def room_gone(self, room: str) -> None:
        """The hub has left a room."""
        self._admission.forget(room)

    def _note(self, refusal: Refusal, address: str) -> None:
        self._metrics.handshakes_refused.labels(reason=refusal.value).inc()
        by = f" ({address})" if refusal is Refusal.ADDRESS else ""
        self._refusals.say(refusal.value, f"Refused with {refusal.status}: {_TEXTS[refusal]}{by}")


def _limits(config: Config) -> Limits:
    return Limits(
        sockets=config.max_sockets,
        rooms=config.max_rooms,
        new_rooms=Rate(config.new_rooms_per_s, config.new_rooms_burst),
        new_rooms_of_address=Rate(config.address_new_rooms_per_s, config.address_new_rooms_burst),
        patience_s=config.bind_timeout_s,
    )
