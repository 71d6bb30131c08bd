"""Routes for a project's ``asgi.py``::

    application = ProtocolTypeRouter({
        "http": get_asgi_application(),
        "websocket": URLRouter(websocket_urlpatterns),
        "lifespan": lifespan,
    })

Every path is a room, as on the legacy server. ``metrics`` is an HTTP application of its own, for
projects that do not run under ``wsmigrate serve``; who may ask it is theirs to decide.
"""

from __future__ import annotations

from django.urls import re_path

from channels_ws.consumers import RoomConsumer
from channels_ws.server import Lifespan, RoomServer
from channels_ws.serving.admin import MetricsEndpoint

_server = RoomServer()

websocket_urlpatterns = [re_path("", RoomConsumer.as_asgi(server=_server))]
lifespan = Lifespan(_server)
metrics = MetricsEndpoint(_server.metrics)
