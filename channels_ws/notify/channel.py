"""The django-notifs channel ``websocket``, for django-notifs 3.0.x and 4.0.

This module alone knows how the two differ: 3.0 makes a channel of the notification as keyword
arguments and calls ``construct_message`` and ``notify``; 4.0 builds a payload, hands it to a
delivery backend (perhaps to another process), and a *provider* sends it. 4.0 finds both classes by
their ``name`` among the direct subclasses, so the last one imported wins over its own.
"""

from __future__ import annotations

import functools
from typing import Any

from django.apps import apps
from django.db import transaction

from channels_ws.notify.celery_task import task_of_one_notification
from channels_ws.notify.publication import Publication, publication_of

try:
    from notifications.providers import BaseNotificationProvider
except ImportError:
    BaseNotificationProvider = None


def _publish(publication: Publication) -> None:
    """At once, as django-notifs does; or once the transaction that is open has committed."""
    app = apps.get_app_config("channels_ws_notify")
    if app.config.publish_on_commit:
        transaction.on_commit(functools.partial(app.publisher.publish, publication))
    else:
        app.publisher.publish(publication)


def _publication(extra_data: Any, context: Any) -> Publication:
    config = apps.get_app_config("channels_ws_notify").config
    return publication_of(extra_data or {}, context or {}, config.room_param)


if BaseNotificationProvider is None:

    class WebSocketChannel:
        """Publishes a notification to its room (django-notifs 3.0).

        Not a subclass of BaseNotificationChannel, which 3.0 does not ask for: up to 3.0.4 its
        module cannot be imported where Django Channels is not installed.
        """

        def __init__(self, **notification: Any) -> None:
            self._extra_data = notification.get("extra_data") or {}

        def construct_message(self) -> Publication:
            """The publication: ``json.dumps`` of the message, for the room in ``extra_data``. In a
            Celery task of django-notifs it has an id that stays the same when the task is run
            again."""
            publication = _publication(self._extra_data, self._extra_data.get("context"))
            task = task_of_one_notification()
            return publication if task is None else publication.with_id_of(task)

        def notify(self, message: Publication) -> None:
            """Publish it by the notify backend in force."""
            _publish(message)

else:
    from notifications.channels import BaseNotificationChannel

    class RoomProvider(BaseNotificationProvider):
        """Publishes a payload of WebSocketChannel (django-notifs 4.0)."""

        name = "wsmigrate"

        def send(self, payload: dict[str, str]) -> None:
            """Publish it by the notify backend in force. A task that is run again publishes with
            the same id, for the id is part of the payload."""
            _publish(Publication(**payload))

    class WebSocketChannel(BaseNotificationChannel):  # type: ignore[no-redef]
        """Publishes a notification to its room (django-notifs 4.0)."""

        name = "websocket"
        providers = (RoomProvider.name,)

        def build_payload(self, provider: str) -> dict[str, str]:  # noqa: ARG002
            """The publication, as texts that any delivery backend can carry."""
            publication = _publication(self.notification.extra_data, self.context)
            return {"room": publication.room, "text": publication.text, "id": publication.id}
