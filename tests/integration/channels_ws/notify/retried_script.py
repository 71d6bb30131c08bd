"""Two equal notifications by way of Celery, whose first task fails twice. Prints the ids that were
to be published, one a line."""

from typing import Any

import django
from celery import Celery
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
    NOTIFICATIONS_DELIVERY_BACKEND="notifications.backends.Celery",
    NOTIFICATIONS_RETRY=True,
    NOTIFICATIONS_RETRY_INTERVAL=1,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    WSMIGRATE={"NOTIFY_BACKEND": "rabbitmq"},
)
django.setup()
celery = Celery("site", broker="memory://", backend="cache+memory://")
celery.conf.task_always_eager = True
celery.set_default()

from django.apps import apps  # noqa: E402 - needs Django to be set up
from notifications.utils import notify  # noqa: E402

from wsmigrate.errors import UnavailableError  # noqa: E402

ids: list[str] = []


class FailsTwice:
    def publish(self, publication: Any) -> None:
        ids.append(publication.id)
        if len(ids) < 3:
            raise UnavailableError("The broker has not answered.")


app: Any = apps.get_app_config("channels_ws_notify")
app.publisher = FailsTwice()


@celery.task
def of_the_site() -> None:
    """A task of the site's own that notifies: all of its notifications are different ones."""
    for _ in range(2):
        send()


def send() -> None:
    notify(
        silent=True,
        source_display_name="somebody",
        category="chat",
        action="Sent",
        short_description="a message",
        channels=["websocket"],
        extra_data={"room_name": "lobby", "message": "again"},
    )


send()
of_the_site.delay()
print("\n".join(ids))
