"""Settings of the sample site. Whatever differs between installations comes from the environment
(see ``chatire.environment``); with none of it set, the site runs in one process on SQLite."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from chatire.environment import environment_of, kept_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
_environment = environment_of(os.environ, base=BASE_DIR)

DEBUG = _environment.debug
ALLOWED_HOSTS = list(_environment.allowed_hosts)
SECRET_KEY = _environment.secret_key or kept_secret_key(
    _environment.database.with_suffix(".secret-key")
)

INSTALLED_APPS = [
    "daphne",  # makes runserver speak ASGI
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "channels",
    "notifications",
    "channels_ws",
    "channels_ws.notify",  # after "notifications", whose channel named "websocket" it replaces
    "chat",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "chatire.urls"
WSGI_APPLICATION = "chatire.wsgi.application"
ASGI_APPLICATION = "chatire.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "frontend"],
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _environment.database,
        "OPTIONS": {
            # Readers do not wait for the writer, and a writer takes its lock when the transaction
            # begins: one that starts as a reader could not wait for it, "database is locked".
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,  # seconds
        },
    }
}
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}
# Keeps the tables of the layer and of wsmigrate out of the SQLite database.
DATABASE_ROUTERS = ["channels_ws.routers.LayerRouter"]
if _environment.postgres is not None:
    DATABASES["channels_postgres"] = {**_environment.postgres}
    INSTALLED_APPS.append("channels_postgres")
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "channels_ws.layers.PostgresLayer",
        "CONFIG": {**_environment.postgres},
    }

WSMIGRATE: dict[str, Any] = (
    {"AMQP_URL": _environment.amqp_url}  # notify() follows the state of the cutover
    if _environment.amqp_url
    else {"NOTIFY_BACKEND": "channels"}
)
WSMIGRATE |= {
    "AUTHORIZE": _environment.authorize,
    "AUTHORIZE_MODE": _environment.authorize_mode,
}
if _environment.inbound:
    WSMIGRATE |= {
        "INBOUND": "broadcast",
        "INBOUND_HOOK": "chat.inbound.save",
        "INBOUND_MAX_BYTES": 8 << 20,  # as DATA_UPLOAD_MAX_MEMORY_SIZE
    }
# django-notifs 3.0 finds a channel here; 4.0 finds it by its name, and reads none of this.
NOTIFICATIONS_CHANNELS = {"websocket": "channels_ws.notify.channel.WebSocketChannel"}

CHATIRE_WS_URL = _environment.websocket_url
CHATIRE_SOCKET_TOKEN = _environment.socket_token
CHATIRE_INBOUND = _environment.inbound

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["chat.parsers.Utf8JSONParser", "rest_framework.parsers.FormParser"],
    "EXCEPTION_HANDLER": "chat.problems.answer",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(hours=1),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
}
# One message of 1 MiB, of which JSON may make six times as much (\u0001 for one byte).
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 << 20  # bytes

# runserver's: by default it leaves a socket open and deaf when a frame has more than 1 MiB.
DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE = 0
DAPHNE_WEBSOCKET_MAX_FRAME_SIZE = 0

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {
        # At INFO, django-notifs logs what it sends, and with it the text of each message.
        "django_notifs": {"level": "WARNING"},
    },
}
