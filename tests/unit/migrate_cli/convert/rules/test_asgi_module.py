"""asgi.py."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, converted, text_after

from migrate_cli.convert.findings import Safety

RULE = "asgi_module"
SITE = {
    "web/settings.py": "INSTALLED_APPS = ['notifications']\nWSGI_APPLICATION = 'web.wsgi.application'\n",
    "web/wsgi.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'web.settings')\n",
}
HEAD = "from channels.routing import ProtocolTypeRouter, URLRouter\n"


def after(text: str) -> str:
    return text_after(RULE, {"web/asgi.py": text, **SITE})


@pytest.mark.parametrize(
    "text",
    [
        "from channels_ws.asgi import application\n",
        f"{HEAD}from channels_ws.routing import websocket_urlpatterns\n"
        "application = ProtocolTypeRouter({'websocket': URLRouter(websocket_urlpatterns)})\n",
    ],
)
def test_one_that_knows_the_rooms_stays(text: str) -> None:
    assert not assert_untouched(RULE, {"web/asgi.py": text, **SITE}).findings


@pytest.mark.parametrize(
    "text",
    [
        "async def application(scope, receive, send): ...\n",
        "from elsewhere import application\n",
        f"{HEAD}application = ProtocolTypeRouter(routes)\n",
        f"{HEAD}application = ProtocolTypeRouter({{'http': h, 'websocket': Consumer}})\n",
        "application = (\n",
    ],
)
def test_what_is_not_understood_is_listed(text: str) -> None:
    findings = assert_untouched(RULE, {"web/asgi.py": text, **SITE}).findings
    assert Safety.BY_HAND in {one.safety for one in findings}


def test_it_is_made_with_the_settings_of_wsgi() -> None:
    made = converted(RULE, SITE).after.text("web/asgi.py")
    assert 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")' in made
    compile(made, "asgi.py", "exec")


def test_any_application_is_wrapped() -> None:
    text = after("import x\napplication = x.Middleware(x.get())\n")
    assert "http_application = x.Middleware(x.get())\n" in text
    assert "'http': http_application" in text or '"http": http_application' in text


def test_an_application_that_is_used_again_keeps_its_name() -> None:
    text = after("import x\napplication = x.get()\napplication = x.Middleware(application)\n")
    assert "application = x.Middleware(application)\n" in text
    assert '"http": application,' in text


def test_own_routes_come_before_the_rooms() -> None:
    text = after(
        f"{HEAD}from django.core.asgi import get_asgi_application\nhttp = get_asgi_application()\n"
        "application = ProtocolTypeRouter({'http': http, 'websocket': Auth(URLRouter([a, b]))})\n"
    )
    assert "Auth(URLRouter([a, b, *rooms.websocket_urlpatterns]))" in text
    assert "'lifespan': rooms.lifespan})" in text


def test_a_channels_2_router_gets_django_s_http() -> None:
    text = after(
        f"{HEAD}import chat.routing\n"
        "application = ProtocolTypeRouter({\n    'websocket': URLRouter(chat.routing.urls),\n})\n"
    )
    assert "from django.core.asgi import get_asgi_application\n" in text
    assert text.index("http_application = get_asgi_application()") < text.index(
        "import routing as rooms"
    )
    assert "URLRouter([*chat.routing.urls, *rooms.websocket_urlpatterns])" in text
    assert "    'http': http_application,\n" in text


def test_the_handler_of_channels_3_is_replaced() -> None:
    text = after(
        f"from channels.http import AsgiHandler\n{HEAD}import django\ndjango.setup()\n"
        "application = ProtocolTypeRouter({'http': AsgiHandler()})\n"
    )
    assert "AsgiHandler" not in text
    assert "'http': http_application, 'websocket': URLRouter(rooms.websocket_urlpatterns)" in text


def test_the_consumer_of_django_notifs_goes() -> None:
    text = after(
        f"{HEAD}from notifications import routing\n"
        "application = ProtocolTypeRouter({'http': h, 'websocket': URLRouter(routing.websocket_urlpatterns)})\n"
    )
    assert "notifications" not in text
    assert "URLRouter(rooms.websocket_urlpatterns)" in text


def test_the_module_that_asgi_application_names_is_meant() -> None:
    site = {
        **SITE,
        "web/settings.py": SITE["web/settings.py"] + "ASGI_APPLICATION = 'web.routing.app'\n",
    }
    text = text_after(RULE, {"web/routing.py": "app = make()\n", **site})
    assert "http_app = make()" in text
    assert "app = ProtocolTypeRouter(" in text


def test_routes_of_django_notifs_among_others_are_listed() -> None:
    text = (
        "from channels.routing import ProtocolTypeRouter, URLRouter\n"
        "from django.core.asgi import get_asgi_application\n"
        "from notifications.routing import websocket_urlpatterns\nfrom live.routing import mine\n\n"
        "application = ProtocolTypeRouter({'http': get_asgi_application(), "
        "'websocket': URLRouter(websocket_urlpatterns + mine)})\n"
    )
    (finding,) = assert_untouched(RULE, {"web/asgi.py": text, **SITE}).findings
    assert "in place of those of `notifications.routing`" in finding.what


def test_a_channel_layer_is_no_application() -> None:
    text = "from channels.layers import get_channel_layer\napplication = get_channel_layer()\n"
    (finding,) = assert_untouched(RULE, {"web/asgi.py": text, **SITE}).findings
    assert "Channels 1" in finding.what
