"""A system check of the routes: a consumer that does not know ids would double frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from wsmigrate.config import NotifyBackend, config_of_settings

_THEIRS = "notifications.consumers"
_INNER = ("inner", "application", "app")


def check_consumers(**_options: Any) -> list[CheckMessage]:
    """Refuse django-notifs' own consumer wherever ``both`` may come to be the notify backend: it
    sends both copies of each message."""
    if config_of_settings(settings).notify_backend in {
        NotifyBackend.RABBITMQ,
        NotifyBackend.CHANNELS,
    }:
        return []
    return [
        Error(
            f"The route {pattern!r} leads to {consumer.__module__}.{consumer.__qualname__}, which "
            "does not know that two copies are one message: with the notify backend 'both' its "
            "clients get every frame twice.",
            hint="Route it to wsmigrate: see docs/install.md.",
            id="wsmigrate.E012",
        )
        for pattern, consumer in _consumers()
        if any(base.__module__ == _THEIRS for base in consumer.__mro__)
    ]


def _consumers() -> Iterator[tuple[str, type[Any]]]:
    """The consumers of the project's WebSocket routes, with their patterns."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    try:
        application = import_string(path) if path else None
    except ImportError:
        return  # other checks say so, and the server does
    mapping = getattr(application, "application_mapping", {})
    yield from _in_routes(mapping.get("websocket"))


def _in_routes(application: Any, depth: int = 0) -> Iterator[tuple[str, type[Any]]]:
    if application is None or depth > 20:
        return
    for route in getattr(application, "routes", ()):
        consumer = getattr(route.callback, "consumer_class", None)
        if isinstance(consumer, type):
            yield str(route.pattern), consumer
        else:
            yield from _in_routes(route.callback, depth + 1)
    for name in _INNER:
        inner = vars(application).get(name) if hasattr(application, "__dict__") else None
        yield from _in_routes(inner, depth + 1)
