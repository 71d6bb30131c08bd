"""A WSGI application that publishes what it is asked to, straight to the layer.

With PUBLISH_AT_LOAD it publishes once while it is loaded, as sites do, so that servers which fork
afterwards hand on a layer that is in use.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "layer_only_settings")
django.setup()

from django.apps import apps  # noqa: E402

from channels_ws.notify.publication import Publication  # noqa: E402

publisher = apps.get_app_config("channels_ws_notify").publisher
if os.environ.get("PUBLISH_AT_LOAD"):
    publisher.publish(Publication("nobody", "while it is loaded", uuid.uuid4().hex))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Publish the query string's ``text`` to its ``room``."""
    asked = parse_qs(environ["QUERY_STRING"])
    publisher.publish(Publication(asked["room"][0], asked["text"][0], uuid.uuid4().hex))
    start_response("204 No Content", [])
    return []
