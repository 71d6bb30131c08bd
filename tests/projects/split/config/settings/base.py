from os import environ

from config.settings.notices import *  # noqa: F403

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]

DJANGO_APPS = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
)
THIRD_PARTY_APPS = (
    "notifications",
)
LOCAL_APPS = (
    "apps.teams.apps.TeamsConfig",
)
INSTALLED_APPS = DJANGO_APPS + THIRD_PARTY_APPS + LOCAL_APPS

ROOT_URLCONF: str = "config.urls"
WSGI_APPLICATION: str = "config.wsgi.application"
USE_TZ = True

CELERY_BROKER_URL = environ.get("RABBIT_URL", "amqp://localhost")
CELERY_TASK_ALWAYS_EAGER = environ.get("EAGER", "") == "1"
