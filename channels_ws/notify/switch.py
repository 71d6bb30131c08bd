"""The publisher that follows the state of the cutover: to RabbitMQ, to the layer, or to both."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from typing import Protocol

from channels_ws.notify.lease import Ticket
from channels_ws.notify.publication import Publication, Stamp
from wsmigrate.config import NotifyBackend
from wsmigrate.errors import UnavailableError

logger = logging.getLogger(__name__)

_SPARED_S = 5.0
"""For so long the copy that is only compared is left out once its side has failed."""

_COMPARED_WITHIN_S = 1.0
"""That copy does not hold up anybody for longer."""


class BrokerSide(Protocol):
    """RabbitMQ."""

    def publish(self, publication: Publication) -> None:
        """Publish, or raise UnavailableError."""


class LayerSide(Protocol):
    """The channel layer."""

    def publish(
        self,
        publication: Publication,
        stamp: Stamp | None = None,
        within_s: float | None = None,
    ) -> None:
        """Publish within a time, or raise UnavailableError."""


class Leases(Protocol):
    """Who says where to publish: see StateLease."""

    counts: Counter[str]

    def begin(self) -> Ticket:
        """Leave for one message."""

    def end(self, ticket: Ticket) -> bool:
        """It was published, or not; whether the ticket was good all the time."""


class Pinned:
    """One backend, that of the settings, for ever."""

    def __init__(self, backend: NotifyBackend) -> None:
        self.counts: Counter[str] = Counter()
        self._ticket = Ticket(None, backend, backend, math.inf)

    def begin(self) -> Ticket:
        """The same for every message."""
        return self._ticket

    def end(self, ticket: Ticket) -> bool:  # noqa: ARG002
        """Nothing can have changed."""
        return True


class SwitchPublisher:
    """Publishes as the lease says at that moment. May be called from any thread; in order for one.

    ``both``: first to RabbitMQ, then to the layer, with one id. A side that fails is tried again by
    its publisher and counted; the call fails only if no side has the message. What goes to the
    layer says whether RabbitMQ has it too, so that servers know which one to deliver.

    A lease that ran out while a message was on its way is no lease: the message is then published
    once more, with the same id, where the present state wants it and it has not been. Without a
    lease it goes to ``both``. There the layer may not fail if the last state that was known is
    ``channels``, since nobody may be listening to RabbitMQ any more.
    """

    def __init__(self, lease: Leases, broker: BrokerSide, layer: LayerSide) -> None:
        self._lease = lease
        self._broker = broker
        self._layer = layer
        self._spared_until = 0.0

    def publish(self, publication: Publication) -> None:
        """Publish, or raise UnavailableError: then no side that counts has the message for sure."""
        ticket = self._lease.begin()
        held = False
        try:
            had = self._publish_by(ticket, publication, had=frozenset())
        finally:
            held = self._lease.end(ticket)
        if not held:
            self._lease.counts["lease-ran-out"] += 1
            again = self._lease.begin()
            try:
                self._publish_by(again, publication, had)
            finally:
                self._lease.end(again)

    def _publish_by(
        self, ticket: Ticket, publication: Publication, had: frozenset[str]
    ) -> frozenset[str]:
        """The sides that have it afterwards."""
        if ticket.backend is NotifyBackend.CHANNELS:
            if "layer" not in had:
                self._layer.publish(publication, Stamp(ticket.revision))
            return had | {"layer"}
        if ticket.backend is NotifyBackend.RABBITMQ:
            if "rabbitmq" not in had:
                self._broker.publish(publication)
            return had | {"rabbitmq"}
        return self._publish_to_both(ticket, publication, had)

    def _publish_to_both(
        self, ticket: Ticket, publication: Publication, had: frozenset[str]
    ) -> frozenset[str]:
        failure: UnavailableError | None = None
        if "rabbitmq" not in had:
            try:
                self._broker.publish(publication)
                had |= {"rabbitmq"}
            except UnavailableError as error:
                failure = error
                self._lease.counts["rabbitmq-failed"] += 1
        needed = "rabbitmq" not in had or ticket.last is NotifyBackend.CHANNELS
        if "layer" in had or (not needed and time.monotonic() < self._spared_until):
            return had
        try:
            # Where RabbitMQ has not taken it, it is no copy: servers deliver it, and a reverse
            # relay takes it to the old ones.
            stamp = Stamp(ticket.revision, is_copy="rabbitmq" in had)
            self._layer.publish(publication, stamp, None if needed else _COMPARED_WITHIN_S)
        except UnavailableError as error:
            self._layer_failed()
            if needed:
                raise failure or error from error
        else:
            had |= {"layer"}
            if failure is not None:
                logger.warning("RabbitMQ has not taken a message, the layer has: %s", failure)
        return had

    def _layer_failed(self) -> None:
        self._lease.counts["layer-failed"] += 1
        if time.monotonic() >= self._spared_until:
            logger.warning("The layer takes no messages: RabbitMQ alone gets them for a while")
        self._spared_until = time.monotonic() + _SPARED_S
