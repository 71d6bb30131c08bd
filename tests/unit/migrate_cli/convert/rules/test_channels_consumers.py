"""Consumers in routes."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

RULE = "channels_consumers"
CONSUMERS = {
    "live/__init__.py": "",
    "live/base.py": "from channels.generic.websocket import WebsocketConsumer\n\n\n"
    "class Base(WebsocketConsumer):\n    pass\n",
    "live/consumers.py": "from live.base import Base\n\n\nclass Live(Base):\n    pass\n\n\n"
    "class View:\n    pass\n",
}


@pytest.mark.parametrize(
    "text",
    [
        "from django.urls import path\nfrom live import views\nurlpatterns = [path('', views.home)]\n",
        "from django.urls import path\nfrom live.consumers import View\nurlpatterns = [path('', View)]\n",
        "from django.urls import path\nfrom live.consumers import Live\na = urlpatterns = [path('', Live.as_asgi())]\n",
        "from live.consumers import Live\npath('', Live)\n",
    ],
)
def test_views_and_applications_stay(text: str) -> None:
    assert not assert_untouched(RULE, {"live/routing.py": text, **CONSUMERS}).findings


def test_a_class_becomes_an_application_whichever_way_it_is_named() -> None:
    text = (
        "from django.conf.urls import url\nfrom django.urls import path\n"
        "from . import consumers\nfrom .consumers import Live as Socket\n\n"
        "websocket_urlpatterns = [url('^a$', consumers.Live), path('b', Socket, name='b')]\n"
    )
    after = text_after(RULE, {"live/routing.py": text, **CONSUMERS})
    assert "url('^a$', consumers.Live.as_asgi()), path('b', Socket.as_asgi(), name='b')" in after
