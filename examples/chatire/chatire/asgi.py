"""The site's HTTP and WebSocket sides in one ASGI application."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")

# Loads the apps, which what is imported next needs.
http = get_asgi_application()

from channels_ws.routing import lifespan, websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter(websocket_urlpatterns),
        "lifespan": lifespan,
    }
)
