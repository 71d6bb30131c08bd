"""The Django app of the new server."""

from __future__ import annotations

from django.apps import AppConfig


class ChannelsWsConfig(AppConfig):
    """Tables and routing of the new server."""

    name = "channels_ws"
    label = "channels_ws"
    verbose_name = "wsmigrate server"
    default_auto_field = "django.db.models.BigAutoField"
