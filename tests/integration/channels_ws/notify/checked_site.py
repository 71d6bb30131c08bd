"""A small project whose checks are run: prints the ids of what they find.

python checked_site.py SETTINGS-AS-JSON [CODE]

CODE is run before the checks, as a project's own modules would be.
"""

import json
import sys

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings

given = json.loads(sys.argv[1])
route = given.pop("ROUTE", None)
settings.configure(
    SECRET_KEY="test",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "channels",
        "notifications",
        "channels_ws",
        "channels_ws.notify",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    ASGI_APPLICATION="__main__.application",
    **given,
)
django.setup()

from django.core.checks import run_checks  # noqa: E402
from django.urls import path  # noqa: E402
from notifications.consumers import DjangoNotifsWebsocketConsumer  # noqa: E402

routes = {
    "theirs": [path("<room_name>", DjangoNotifsWebsocketConsumer.as_asgi())],
    "own": [path("<room_name>", AsyncWebsocketConsumer.as_asgi())],
}
application = ProtocolTypeRouter({"websocket": URLRouter(routes[route or "own"])})
if len(sys.argv) > 2:
    exec(sys.argv[2])  # noqa: S102 - the test's own
print(json.dumps(sorted(str(message.id) for message in run_checks())))
