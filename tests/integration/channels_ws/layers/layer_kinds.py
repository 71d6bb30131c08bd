"""How each kind of layer is made, as CHANNEL_LAYERS would say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from layer_promises import LayerKind

BACKENDS = {
    LayerKind.OURS: "channels_ws.layers.PostgresLayer",
    LayerKind.STOCK: "channels_postgres.core.PostgresChannelLayer",
    LayerKind.REDIS: "channels_redis.core.RedisChannelLayer",
    LayerKind.PUBSUB: "channels_redis.pubsub.RedisPubSubChannelLayer",
    LayerKind.RABBITMQ: "channels_rabbitmq.core.RabbitmqChannelLayer",
    LayerKind.MEMORY: "channels.layers.InMemoryChannelLayer",
}
POSTGRES = frozenset({LayerKind.OURS, LayerKind.STOCK})


@dataclass(frozen=True)
class LayerSetup:
    """An entry of CHANNEL_LAYERS."""

    backend: str
    config: Mapping[str, Any]

    def but(self, **config: Any) -> LayerSetup:
        """The same with other keys in its CONFIG."""
        return LayerSetup(self.backend, {**self.config, **config})


def setup_of(kind: LayerKind, url: str) -> LayerSetup:
    """The layer of a kind, on the service that ``url`` leads to; the in-memory layer needs none."""
    return LayerSetup(BACKENDS[kind], _config(kind, url))


def _config(kind: LayerKind, url: str) -> dict[str, Any]:
    if kind in POSTGRES:
        return database_of(url)
    if kind in (LayerKind.REDIS, LayerKind.PUBSUB):
        return {"hosts": [url]}
    return {"host": url} if kind is LayerKind.RABBITMQ else {}


def database_of(dsn: str) -> dict[str, Any]:
    """A DSN as an entry of DATABASES."""
    parts = urlsplit(dsn)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname,
        "PORT": parts.port,
        "TIME_ZONE": None,
    }
