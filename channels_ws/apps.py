"""The Django app of the new server."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register

from wsmigrate.config import config_of_settings


class ChannelsWsConfig(AppConfig):
    """Tables, routing and system checks of the new server."""

    name = "channels_ws"
    label = "channels_ws"
    verbose_name = "wsmigrate server"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and keep tokens out of the logs."""
        # They need the apps: hooks are named by dotted paths.
        from channels_ws.auth.redaction import keep_tokens_out_of_logs  # noqa: PLC0415
        from channels_ws.checks import check_server  # noqa: PLC0415
        from channels_ws.consumer_checks import check_consumers  # noqa: PLC0415

        register(check_server, Tags.security)
        register(check_consumers)
        keep_tokens_out_of_logs(config_of_settings(settings))
