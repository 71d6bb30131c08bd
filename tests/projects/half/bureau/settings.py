import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "channels"]
INSTALLED_APPS += ["notifications", "desk", "realtime"]

ROOT_URLCONF = "bureau.urls"
ASGI_APPLICATION = "bureau.asgi.application"
USE_TZ = True


def _layer_database():
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["LAYER_DB_NAME"],
        "USER": os.environ["LAYER_DB_USER"],
        "PASSWORD": os.environ["LAYER_DB_PASSWORD"],
        "HOST": os.environ["LAYER_DB_HOST"],
        "PORT": os.environ["LAYER_DB_PORT"],
        "TIME_ZONE": None,
    }


DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("BUREAU_DB", BASE_DIR / "db.sqlite3"),
    },
    "channels_postgres": _layer_database(),
}
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_postgres.core.PostgresChannelLayer", "CONFIG": _layer_database()},
}
RABBIT_HOST_URL = os.environ["RABBIT_URL"]
