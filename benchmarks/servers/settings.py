"""Django settings of the servers on Channels and of the publisher to their layer."""

from __future__ import annotations

import os
from typing import Any

from psycopg.conninfo import conninfo_to_dict

LAYER_VARIABLE = "BENCH_LAYER"
DSN_VARIABLE = "WSMIGRATE_POSTGRES_DSN"
REDIS_VARIABLE = "BENCH_REDIS_URL"


def _database() -> dict[str, Any]:
    """The entry of DATABASES, which is the layer's CONFIG as well."""
    parts = conninfo_to_dict(os.environ.get(DSN_VARIABLE, ""))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname"),
        "USER": parts.get("user"),
        "PASSWORD": parts.get("password"),
        "HOST": parts.get("host"),
        "PORT": parts.get("port"),
        # Django fills this in for DATABASES; channels-postgres' CONFIG has to say it.
        "TIME_ZONE": None,
    }


def _layer(name: str) -> dict[str, Any]:
    """The entry ``default`` of CHANNEL_LAYERS for a server of that name."""
    if name == "wsmigrate":
        return {"BACKEND": "channels_ws.layers.PostgresLayer", "CONFIG": _database()}
    if name == "stock":
        backend = "channels_postgres.core.PostgresChannelLayer"
        return {"BACKEND": backend, "CONFIG": _database()}
    if name == "redis":
        backend = "channels_redis.pubsub.RedisPubSubChannelLayer"
        return {"BACKEND": backend, "CONFIG": {"hosts": [os.environ[REDIS_VARIABLE]]}}
    return {"BACKEND": "channels.layers.InMemoryChannelLayer"}


SECRET_KEY = "for benchmarks on the loopback interface"  # noqa: S105
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "channels",
    "channels_postgres",
    "notifications",
    "channels_ws",
]
ROOT_URLCONF = "benchmarks.servers.urls"
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES: dict[str, dict[str, Any]] = {}
if os.environ.get(DSN_VARIABLE):
    DATABASES["channels_postgres"] = _database()
    DATABASES["default"] = _database()
CHANNEL_LAYERS = {"default": _layer(os.environ.get(LAYER_VARIABLE, ""))}
DATABASE_ROUTERS = ["channels_ws.routers.LayerRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
# No broker in between: publishers send to the layer.
WSMIGRATE: dict[str, Any] = {"NOTIFY_BACKEND": "channels"}
