"""The servers, and what each of them needs."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Service(enum.Enum):
    """What carries messages from the publisher to a server."""

    POSTGRES = "postgres"
    REDIS = "redis"
    RABBITMQ = "rabbitmq"


@dataclass(frozen=True)
class ServerKind:
    """A server that can be measured.

    ``application`` is an ASGI application, None for the old server under uWSGI.
    ``connects_at_once`` bounds handshakes at the same time. ``lifespan``: whether the application
    speaks that protocol.
    """

    name: str
    what: str
    application: str | None
    service: Service | None
    publishes_to: str
    connects_at_once: int = 16
    lifespan: bool = True


KINDS = (
    ServerKind(
        "wsmigrate",
        "channels_ws on channels_ws.layers.PostgresLayer",
        "channels_ws.asgi:application",
        Service.POSTGRES,
        "layer",
    ),
    ServerKind(
        "stock",
        "django-notifs' consumer on channels-postgres",
        "benchmarks.servers.notifs:application",
        Service.POSTGRES,
        "layer",
        # Each that connects while its LISTEN connection is being opened opens one more, and then
        # every client gets every message as often: it would be measured at what it does wrong.
        connects_at_once=1,
        lifespan=False,
    ),
    ServerKind(
        "redis",
        "django-notifs' consumer on channels_redis' PubSub layer",
        "benchmarks.servers.notifs:application",
        Service.REDIS,
        "layer",
        lifespan=False,
    ),
    ServerKind("legacy", "uWSGI, gevent, pika", None, Service.RABBITMQ, "rabbitmq"),
    ServerKind(
        "limit",
        "a bare ASGI application that calls send in a loop",
        "benchmarks.servers.limit:application",
        None,
        "trigger",
    ),
)
