"""The WSGI application: one request is one WebSocket."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Callable

import pika

from legacy_uwsgi_ws.handshake import BROKER_AWAY, Refusal, read_handshake
from legacy_uwsgi_ws.published import serve_as_published
from legacy_uwsgi_ws.room_queue import (
    RoomQueue,
    close_quietly,
    connection_parameters,
    open_room_queue,
)
from legacy_uwsgi_ws.session import Ending, Session, WebSocketApi
from legacy_uwsgi_ws.settings import Settings
from wsmigrate.errors import UnavailableError

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

logger = logging.getLogger(__name__)


class LegacyApplication:
    """Takes WebSocket handshakes and serves their rooms; answers anything else in plain HTTP.

    The room's queue is bound before the handshake completes: a client that is connected misses
    nothing. A session ends by itself and touches no other one.
    """

    def __init__(self, settings: Settings, websocket: WebSocketApi) -> None:
        self._settings = settings
        self._websocket = websocket
        self._parameters: pika.ConnectionParameters = connection_parameters(settings.amqp_url)

    def __call__(
        self, environ: Mapping[str, str], start_response: StartResponse
    ) -> Iterable[bytes]:
        handshake = read_handshake(environ)
        if isinstance(handshake, Refusal):
            return _answer(handshake, start_response)
        try:
            queue = open_room_queue(self._parameters, handshake.room)
        except UnavailableError as error:
            logger.warning("%s", error)
            return _answer(BROKER_AWAY, start_response)
        logger.debug("room %r: joined", handshake.room)
        ending = self._serve(queue)
        logger.debug("room %r: %s", handshake.room, ending.value)
        return []

    def _serve(self, queue: RoomQueue) -> Ending:
        try:
            # It adds Sec-WebSocket-Origin by itself: the request's Origin or `*`.
            self._websocket.websocket_handshake()
        except OSError:
            close_quietly(queue.connection)
            return Ending.CLIENT_LEFT
        if self._settings.published_fault:
            return serve_as_published(self._websocket, queue, self._settings.keepalive_s)
        return Session(self._websocket, queue, self._settings).run()


def _answer(refusal: Refusal, start_response: StartResponse) -> Iterable[bytes]:
    body = (refusal.text + "\n").encode("utf-8")
    start_response(
        refusal.status,
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *refusal.headers,
        ],
    )
    return [body]
