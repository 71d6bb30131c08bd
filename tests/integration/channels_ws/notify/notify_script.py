"""Calls ``notify()`` in a small Django project, in any of the environments that publish.

Reads from standard input a JSON list of [room, message]; each is one notification. Run with Python
3.9 as well, without pytest. Prints the exception's name and text, and exits with 1, if one fails.
"""

import json
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="test",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "notifications",
        "channels_ws.notify",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    NOTIFICATIONS_CHANNELS={"websocket": "channels_ws.notify.channel.WebSocketChannel"},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    WSMIGRATE={"NOTIFY_BACKEND": "rabbitmq"},
)
django.setup()

from notifications.utils import notify  # noqa: E402 - needs Django to be set up


def main() -> None:
    for room, message in json.load(sys.stdin):
        notify(
            silent=True,
            source_display_name="somebody",
            category="chat",
            action="Sent",
            short_description="a message",
            channels=["websocket"],
            extra_data={"room_name": room, "message": message},
        )


try:
    main()
except Exception as error:
    print(type(error).__name__, error)
    sys.exit(1)
