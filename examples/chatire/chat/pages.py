"""The page and its files, served by the site itself: no collected files, no build, no CDN."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

FRONTEND = Path(__file__).resolve().parent.parent / "frontend"

_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_ASSETS = {path.name: path for path in sorted(FRONTEND.iterdir()) if path.suffix in _CONTENT_TYPES}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The one page. It is the same, byte for byte, whichever server carries its socket."""
    told = {
        "websocket_url": settings.CHATIRE_WS_URL,
        "socket_token": "subprotocol" if settings.CHATIRE_SOCKET_TOKEN else "",
        "socket_takes": "messages" if settings.CHATIRE_INBOUND else "",
    }
    response = render(request, "index.html", told)
    response["Content-Security-Policy"] = _policy(request)
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def asset(_request: HttpRequest, name: str) -> HttpResponse:
    """A file of the page. Clients ask again each time, and mostly get 304."""
    path = _ASSETS.get(name)
    if path is None:
        raise Http404("The page has no such file.")
    response = HttpResponse(path.read_bytes(), content_type=_CONTENT_TYPES[path.suffix])
    response["Cache-Control"] = "no-cache"
    return response


def _policy(request: HttpRequest) -> str:
    """What the page may load: its own files. Were markup in a message ever to be taken for markup,
    it still could not run or fetch anything."""
    own_socket = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self' {settings.CHATIRE_WS_URL or own_socket}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
