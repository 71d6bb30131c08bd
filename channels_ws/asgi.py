"""The new server as an ASGI application of its own.

For a site whose WebSockets run in processes apart from its HTTP side::

    DJANGO_SETTINGS_MODULE=mysite.settings wsmigrate serve channels_ws.asgi:application

A site that serves both from one process puts the routes into its own ``asgi.py`` (see routing.py).
"""

from __future__ import annotations

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()  # sets Django up, which the routes need

from channels_ws.routing import lifespan, websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {"http": http, "websocket": URLRouter(websocket_urlpatterns), "lifespan": lifespan}
)
