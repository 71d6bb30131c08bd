"""Publishers: where a publication goes, by the notify backend."""

from __future__ import annotations

import logging
from typing import Protocol

from channels_ws.notify.layer import LayerPublisher
from channels_ws.notify.publication import Publication
from channels_ws.notify.rabbitmq import RabbitPublisher
from wsmigrate.config import Config, NotifyBackend
from wsmigrate.errors import WsmigrateError

logger = logging.getLogger(__name__)


class Publisher(Protocol):
    """A destination for publications. May be called from any thread."""

    def publish(self, publication: Publication) -> None:
        """Publish, or raise UnavailableError.

        In order for one thread. After an error the publication may or may not have gone out.
        """


class BothPublisher:
    """Publishes to RabbitMQ, and a copy with the same id to the layer.

    Clients get what comes by way of RabbitMQ; servers compare the copy with it and drop it. So a
    layer that fails is told in the log, and never to whoever publishes.
    """

    def __init__(self, broker: Publisher, layer: Publisher) -> None:
        self._broker = broker
        self._layer = layer

    def publish(self, publication: Publication) -> None:
        """As the broker's publisher: return once it has the message, or raise UnavailableError."""
        self._broker.publish(publication)
        try:
            self._layer.publish(publication)
        except WsmigrateError as error:
            logger.warning("Only RabbitMQ has the message %s: %s", publication.id, error)


def publisher_of_config(config: Config) -> Publisher:
    """The publisher of the backend that the settings name."""
    if config.notify_backend is NotifyBackend.CHANNELS:
        return LayerPublisher(config.event_name)
    broker = RabbitPublisher(
        config.amqp_urls, confirms=config.publisher_confirms, wiring=config.wiring
    )
    if config.notify_backend is NotifyBackend.BOTH:
        return BothPublisher(broker, LayerPublisher(config.event_name, copies=True))
    return broker
