"""Publishers: where a publication goes, by the notify backend."""

from __future__ import annotations

from typing import Protocol

from channels_ws.notify.layer import LayerPublisher
from channels_ws.notify.publication import Publication
from channels_ws.notify.rabbitmq import RabbitPublisher
from wsmigrate.config import Config, NotifyBackend


class Publisher(Protocol):
    """A destination for publications. May be called from any thread."""

    def publish(self, publication: Publication) -> None:
        """Publish, or raise UnavailableError.

        In order for one thread. After an error the publication may or may not have gone out.
        """


def publisher_of_config(config: Config) -> Publisher:
    """The publisher of the backend that the settings name."""
    if config.notify_backend is NotifyBackend.CHANNELS:
        return LayerPublisher(config.event_name)
    return RabbitPublisher(config.amqp_url, confirms=config.publisher_confirms)
