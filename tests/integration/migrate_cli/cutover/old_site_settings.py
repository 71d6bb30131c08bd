"""A site as it was before the cutover, with wsmigrate's publisher and the layer's database."""

import os
from urllib.parse import unquote, urlsplit

_layer = urlsplit(os.environ["WSMIGRATE_POSTGRES_DSN"])

SECRET_KEY = "test"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "notifications",
    "channels_ws.notify",
]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
    "channels_postgres": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _layer.path.lstrip("/"),
        "USER": unquote(_layer.username or ""),
        "PASSWORD": unquote(_layer.password or ""),
        "HOST": _layer.hostname,
        "PORT": str(_layer.port or ""),
    },
}
NOTIFICATIONS_CHANNELS = {"websocket": "channels_ws.notify.channel.WebSocketChannel"}
