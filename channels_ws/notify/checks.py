"""System checks of the publisher: is there one channel for rooms, and does it follow the state?"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own name

from channels_ws.notify.state_source import connector
from wsmigrate.config import NotifyBackend, config_of_settings

NAME = "websocket"


def check_publisher(**_options: Any) -> list[CheckMessage]:
    """All checks of the publisher; see docs/cutover.md for the ids."""
    return [*_channel(), *_doubled(), *_state()]


def _channel() -> list[CheckMessage]:
    found = _registered().get(NAME)
    if found is not None and _is_ours(found):
        return []
    named = "nothing" if found is None else f"{found.__module__}.{found.__qualname__}"
    return [
        Error(
            f"The notification channel {NAME!r} is {named}, and not that of wsmigrate: notify() "
            "publishes by the old way alone.",
            hint="With django-notifs 3 put 'channels_ws.notify.channel.WebSocketChannel' into "
            "NOTIFICATIONS_CHANNELS under 'websocket'; with 4 put 'channels_ws.notify' behind "
            "'notifications' in INSTALLED_APPS, and import no other channel of that name.",
            id="wsmigrate.E010",
        )
    ]


def _doubled() -> list[CheckMessage]:
    """Two names that end at the rooms: who notifies by both doubles every message."""
    ours = sorted(name for name, kind in _registered().items() if _is_ours(kind))
    if len(ours) < 2:
        return []
    return [
        Error(
            f"The channel of wsmigrate stands under several names ({', '.join(ours)}): a "
            "notification that names two of them comes twice.",
            hint="Leave one of them.",
            id="wsmigrate.E011",
        )
    ]


def _state() -> list[CheckMessage]:
    config = config_of_settings(settings)
    if config.notify_backend is NotifyBackend.CHANNELS:
        return []  # a site that has no RabbitMQ any more
    if config.notify_backend is not None:
        return [
            Warning(
                f"NOTIFY_BACKEND is set to {config.notify_backend.value!r}, so "
                "`wsmigrate notify set` and the cutover do not reach this site.",
                hint="Leave it out of WSMIGRATE, or set it to 'state'.",
                id="wsmigrate.W010",
            )
        ]
    if connector(config) is None:
        return [
            Warning(
                f"DATABASES has no PostgreSQL database {config.database!r}, which holds the state "
                "of the cutover: notify() publishes to RabbitMQ alone, whatever the stage is.",
                hint="Add the layer's database to DATABASES; publishers need to reach it too.",
                id="wsmigrate.W011",
            )
        ]
    return []


def _registered() -> dict[str, Any]:
    """django-notifs' channels by name: 3 has them in a setting, 4 finds direct subclasses."""
    try:
        from notifications.channels import BaseNotificationChannel  # noqa: PLC0415
        from notifications.providers import BaseNotificationProvider  # noqa: F401, PLC0415
    except ImportError:
        from django.utils.module_loading import import_string  # noqa: PLC0415

        named = getattr(settings, "NOTIFICATIONS_CHANNELS", {})
        return {name: import_string(path) for name, path in named.items()}
    return {kind.name: kind for kind in BaseNotificationChannel.__subclasses__()}


def _is_ours(kind: Any) -> bool:
    return str(kind.__module__).startswith("channels_ws.notify.")
