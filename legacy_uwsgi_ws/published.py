"""The published server's way to serve a socket, its fault included, for rehearsals.

It notices a client that left at the next send or keepalive, and then leaves with ``sys.exit(1)``,
meant to have uWSGI respawn the worker. Under gevent the exit starts from within one greenlet and
never completes: the worker stays, every other socket of it falls silent without being closed, and
new handshakes time out.
"""

from __future__ import annotations

import sys

from legacy_uwsgi_ws.room_queue import BROKER_ERRORS, RoomQueue, close_quietly
from legacy_uwsgi_ws.session import Ending, WebSocketApi


def serve_as_published(websocket: WebSocketApi, queue: RoomQueue, keepalive_s: int) -> Ending:
    """Serve the client of this greenlet until the broker goes away.

    Does not return when the client leaves: SystemExit then wedges the worker.
    """

    def keepalive() -> None:
        try:
            websocket.websocket_recv_nb()
        except OSError:
            sys.exit(1)
        queue.call_later(keepalive_s, keepalive)

    try:
        keepalive()
        for method, _, body in queue.channel.consume(queue.name):
            _send_or_exit(websocket, body)
            queue.channel.basic_ack(method.delivery_tag)
    except BROKER_ERRORS:
        close_quietly(queue.connection)
    return Ending.BROKER_GONE


def _send_or_exit(websocket: WebSocketApi, body: bytes) -> None:
    try:
        websocket.websocket_send(body)
    except OSError:
        sys.exit(1)
