"""Calls ``notify()`` as sites do whose channel publishes to the fanout exchange of a room.

Run as a program, by any Python with Django, pika and django-notifs 3.0 or 4.0; it imports nothing
of this package. Standard input is {"amqp_url", "version", "room", "messages"}.
"""

import json
import sys
from typing import Any

import django
import pika
from django.conf import settings

sys.path.pop(0)  # this folder, which holds no module for anybody else
sys.modules["notify_script"] = sys.modules["__main__"]  # django-notifs 3.0 imports it by its name
settings.configure(
    SECRET_KEY="only for this run",  # noqa: S106
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "notifications"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    NOTIFICATIONS_CHANNELS={"broadcast": "notify_script.BroadcastChannel"},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from notifications.utils import notify  # noqa: E402 - needs Django to be set up

ORDER = json.load(sys.stdin)


def publish(extra_data: Any) -> None:
    """The channel of the tutorial: declare the exchange, publish the message as JSON."""
    connection = pika.BlockingConnection(pika.URLParameters(ORDER["amqp_url"]))
    channel = connection.channel()
    channel.exchange_declare(exchange=extra_data["uri"], exchange_type="fanout")
    channel.basic_publish(
        exchange=extra_data["uri"], routing_key="", body=json.dumps(extra_data["message"])
    )
    connection.close()


try:
    from notifications.providers import BaseNotificationProvider
except ImportError:
    BaseNotificationProvider = None

    class BroadcastChannel:
        """For django-notifs 3.0."""

        def __init__(self, **notification: Any) -> None:
            self._extra_data = notification.get("extra_data") or {}

        def construct_message(self) -> Any:
            """What is published."""
            return self._extra_data

        def notify(self, message: Any) -> None:
            """Publish it."""
            publish(message)

else:
    from notifications.channels import BaseNotificationChannel

    class BroadcastProvider(BaseNotificationProvider):
        """For django-notifs 4.0."""

        name = "rabbitmq-broadcast"

        def send(self, payload: Any) -> None:
            """Publish it."""
            publish(payload)

    class BroadcastChannel(BaseNotificationChannel):  # type: ignore[no-redef]
        """For django-notifs 4.0."""

        name = "broadcast"
        providers = (BroadcastProvider.name,)

        def build_payload(self, provider: str) -> Any:  # noqa: ARG002
            """What is published."""
            return dict(self.notification.extra_data)


def main() -> None:
    """One notification a message."""
    found = 3 if BaseNotificationProvider is None else 4
    if found != ORDER["version"]:
        sys.exit(f"this Python has django-notifs {found}, not {ORDER['version']}")
    for message in ORDER["messages"]:
        notify(
            silent=True,
            source_display_name="somebody",
            category="chat",
            action="Sent",
            short_description="a message",
            channels=["broadcast"],
            extra_data={"uri": ORDER["room"], "message": message},
        )


main()
