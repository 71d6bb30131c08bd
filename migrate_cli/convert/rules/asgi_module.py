"""``asgi.py`` routes HTTP to Django and WebSockets to the new server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from migrate_cli.convert.asgi_place import AsgiPlace, asgi_place
from migrate_cli.convert.asgi_rewriting import extended
from migrate_cli.convert.findings import Edit, Effect, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import concerned_settings
from migrate_cli.convert.registry import Example, rule

RULE = "asgi_module"

_NEW = '''\
"""The ASGI application: HTTP is Django's, WebSockets are rooms."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", {settings})
http = get_asgi_application()

from channels_ws.routing import lifespan, websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {{"http": http, "websocket": URLRouter(websocket_urlpatterns), "lifespan": lifespan}}
)
'''

EXAMPLE = Example(
    {
        "chatire/asgi.py": """\
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")

application = get_asgi_application()
""",
        "chatire/settings.py": 'INSTALLED_APPS = ["notifications"]\n'
        'WSGI_APPLICATION = "chatire.wsgi.application"\n',
        "chatire/wsgi.py": "",
    },
    {
        "chatire/asgi.py": """\
import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")

http_application = get_asgi_application()

from channels_ws.routing import lifespan, websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http_application,
        "websocket": URLRouter(websocket_urlpatterns),
        "lifespan": lifespan,
    }
)
"""
    },
)


@rule(
    title="`asgi.py` has the routes of the WebSockets",
    follows="Channels 3.0 and 4.0 release notes (`AsgiHandler` is gone); Django 3.0, ASGI support; "
    "docs/install.md",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Made where there is none, with the settings module of ``wsgi.py``. An application that is
    there gets a ProtocolTypeRouter around it; a router that is there gets what it lacks."""
    for base in concerned_settings(project):
        place = asgi_place(project, base)
        if place is None:
            continue
        if place.path in project.files:
            yield from _extend(project, place)
        else:
            what = "The new server needs an ASGI application, and there is none."
            parent = PurePosixPath(place.path).parent.as_posix()
            text = _NEW.format(settings=place.settings.replace("'", '"'))
            yield Finding(
                *(RULE, place.path, 1, what, Safety.SAFE),
                edits=(Edit(0, 0, text),),
                effect=Effect.CREATE,
            )
            del parent


def _extend(project: Project, place: AsgiPlace) -> Iterator[Finding]:
    source = project.cache.get(place.path, project.text(place.path))
    if source is None:
        what = "The ASGI application cannot be parsed: add the routes of docs/install.md to it."
        yield Finding(RULE, place.path, 1, what, Safety.BY_HAND)
        return
    for line, what, edits in extended(project, source, place.application.rpartition(".")[2]):
        yield Finding(RULE, place.path, line, what, Safety.SAFE if edits else Safety.BY_HAND, edits)
