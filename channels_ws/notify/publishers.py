"""Publishers: where a publication goes, by the notify backend."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Protocol

from channels_ws.notify.layer import LayerPublisher
from channels_ws.notify.lease import StateLease
from channels_ws.notify.publication import Publication
from channels_ws.notify.rabbitmq import RabbitPublisher
from channels_ws.notify.sql_layer import SqlLayerPublisher
from channels_ws.notify.state_source import Connect, connector
from channels_ws.notify.switch import LayerSide, Pinned, SwitchPublisher
from wsmigrate.config import Config, NotifyBackend


class Publisher(Protocol):
    """A destination for publications. May be called from any thread."""

    def publish(self, publication: Publication) -> None:
        """Publish, or raise UnavailableError.

        In order for one thread. After an error the publication may or may not have gone out.
        """


def publisher_of_config(config: Config) -> Publisher:
    """The publisher of the backend that the settings name; by default one that follows the state
    of the cutover, where the project has the database that holds it."""
    if config.notify_backend is NotifyBackend.CHANNELS:
        return LayerPublisher(config.event_name)
    broker = RabbitPublisher(
        config.amqp_urls, confirms=config.publisher_confirms, wiring=config.wiring
    )
    if config.notify_backend is NotifyBackend.RABBITMQ:
        return broker
    connect = connector(config)
    if config.notify_backend is NotifyBackend.BOTH:
        return SwitchPublisher(Pinned(NotifyBackend.BOTH), broker, _layer(config, connect))
    if connect is None:
        return broker
    return SwitchPublisher(StateLease(connect), broker, _layer(config, connect))


def _layer(config: Config, connect: Connect | None) -> LayerSide:
    """By Channels where the project has it, else by SQL."""
    from django.conf import settings  # noqa: PLC0415 - Django may not be set up yet

    has_channels = find_spec("channels") and "default" in getattr(settings, "CHANNEL_LAYERS", {})
    if connect is None or has_channels:
        return LayerPublisher(config.event_name)
    return SqlLayerPublisher(connect, config.event_name, config.layer_prefix)
