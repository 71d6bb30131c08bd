"""The endpoints for operators: liveness, readiness and metrics."""

from __future__ import annotations

from typing import Any

from channels_ws.metrics import CONTENT_TYPE, Metrics
from channels_ws.serving.answers import answer, answer_json
from channels_ws.serving.status import ServingStatus


class AdminEndpoints:
    """An ASGI application with ``/livez``, ``/readyz`` and ``/metrics``.

    ``/livez`` is answered as long as the event loop turns. It says nothing about services: a
    restart does not mend them.
    """

    def __init__(self, status: ServingStatus) -> None:
        self._status = status

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Answer one request."""
        path = scope["path"]
        server = self._status.room_server
        if path == "/livez":
            await answer_json(scope, send, 200, {"alive": True})
        elif path == "/readyz":
            found = self._status.readiness()
            await answer_json(scope, send, 200 if found.is_ready else 503, found.as_json())
        elif path == "/metrics" and server is not None:
            await answer(scope, send, 200, CONTENT_TYPE, server.metrics.exposition())
        else:
            known = ["/livez", "/readyz", "/metrics"]
            await answer_json(scope, send, 404, {"known": known})


class MetricsEndpoint:
    """``/metrics`` alone, for a project that runs under another ASGI server and mounts it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Answer one request."""
        await answer(scope, send, 200, CONTENT_TYPE, self._metrics.exposition())
