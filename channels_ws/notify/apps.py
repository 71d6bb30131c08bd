"""The Django app of the publisher."""

from __future__ import annotations

import importlib

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register

from channels_ws.notify.checks import check_publisher
from channels_ws.notify.publishers import Publisher, publisher_of_config
from wsmigrate.config import config_of_settings


class NotifyConfig(AppConfig):
    """Holds the process's publisher, for django-notifs makes a new channel object a notification.

    ``publisher`` is the one in force. Its connections are opened at the first publish of a thread,
    so nothing is shared by processes that a server forks after loading the app.
    """

    name = "channels_ws.notify"
    label = "channels_ws_notify"
    verbose_name = "wsmigrate publisher"

    publisher: Publisher

    def ready(self) -> None:
        """Check the settings and register the channel with django-notifs 4, which knows channels by
        the classes that have been imported."""
        self.config = config_of_settings(settings)
        self.publisher = publisher_of_config(self.config)
        importlib.import_module("channels_ws.notify.channel")
        register(check_publisher)
