"""The endpoints for operators: liveness, readiness and metrics."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client.exposition import CONTENT_TYPE_LATEST, ThreadingWSGIServer

from bridge.health import BridgeHealth
from bridge.metrics import BridgeMetrics
from wsmigrate.errors import UnavailableError

_PHRASES = {200: "200 OK", 404: "404 Not Found", 405: "405 Method Not Allowed"}
_NOT_READY = "503 Service Unavailable"


class AdminEndpoints:
    """A WSGI application with ``/healthz``, ``/readyz`` and ``/metrics``.

    ``/healthz`` fails only where a restart would help: when the bridge has not looked after its
    leases for half a minute. Services that are away make it not ready.
    """

    def __init__(self, metrics: BridgeMetrics, health: Callable[[], BridgeHealth]) -> None:
        self._metrics = metrics
        self._health = health

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _answer(start_response, _PHRASES[405], "text/plain", b"")
        path = environ["PATH_INFO"]
        if path == "/metrics":
            body = self._metrics.exposition()
            return _answer(start_response, _PHRASES[200], CONTENT_TYPE_LATEST, body)
        if path in ("/healthz", "/readyz"):
            health = self._health()
            good = health.is_alive if path == "/healthz" else not health.reasons
            said = {"alive": health.is_alive} if path == "/healthz" else health.as_json()
            return _json(start_response, _PHRASES[200] if good else _NOT_READY, said)
        return _json(start_response, _PHRASES[404], {"known": ["/healthz", "/readyz", "/metrics"]})


class AdminServer:
    """Answers from a thread of its own, so that it can tell of an event loop that is stuck."""

    def __init__(self, application: AdminEndpoints, host: str, port: int) -> None:
        """Raises UnavailableError where it cannot listen."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET

        class Server(ThreadingWSGIServer):
            address_family = family

            def server_bind(self) -> None:
                # Not http.server's, which asks the name service who it is and waits for it.
                socketserver.TCPServer.server_bind(self)
                self.server_name, self.server_port = host, self.server_address[1]
                self.setup_environ()

        try:
            self._server: WSGIServer = make_server(host, port, application, Server, _Quiet)
        except OSError as error:
            raise UnavailableError(
                f"The bridge cannot listen on {host} port {port} ({error.strerror}).",
                remedy="Choose another address for --admin.",
            ) from error

    @property
    def port(self) -> int:
        """The port, also where any was asked for."""
        return int(self._server.server_port)

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, name="admin", daemon=True).start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
        """Requests are not logged."""


def _json(start_response: Any, status: str, said: Any) -> Iterable[bytes]:
    body = (json.dumps(said) + "\n").encode()
    return _answer(start_response, status, "application/json", body)


def _answer(start_response: Any, status: str, media_type: str, body: bytes) -> Iterable[bytes]:
    headers = [
        ("Content-Type", media_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(status, headers)
    return [body]
