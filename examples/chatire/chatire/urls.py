"""The page at ``/``, its files under ``/assets/``, the REST API under ``/api/``."""

from django.urls import include, path

from chat.pages import asset, page

urlpatterns = [
    path("", page),
    path("assets/<str:name>", asset),
    path("api/", include("chat.urls")),
]
