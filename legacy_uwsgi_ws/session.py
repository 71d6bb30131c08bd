"""A WebSocket from its handshake to its end, in the greenlet of its request."""

from __future__ import annotations

import enum
import logging
import time
from typing import Protocol

import gevent

from legacy_uwsgi_ws.client_watch import ClientWatch
from legacy_uwsgi_ws.liveness import Due, Liveness
from legacy_uwsgi_ws.mailbox import Delivery, Mailbox, Notice
from legacy_uwsgi_ws.room_queue import RoomQueue
from legacy_uwsgi_ws.settings import Settings
from legacy_uwsgi_ws.subscription import Subscription

_EMPTY_READS = 32
_READS_AT_A_TIME = 256
_SLOW_SEND_S = 1.0

logger = logging.getLogger(__name__)


class WebSocketApi(Protocol):
    """The functions of the ``uwsgi`` module that are used here.

    They work on the request of the calling greenlet, and raise OSError once its client is gone.
    """

    def websocket_handshake(self) -> None: ...
    def websocket_send(self, message: bytes) -> None: ...
    def websocket_recv_nb(self) -> bytes: ...
    def connection_fd(self) -> int: ...


class Ending(enum.Enum):
    """Why a session is over."""

    CLIENT_LEFT = "the client left"
    CLIENT_SILENT = "the client did not answer a ping"
    BROKER_GONE = "the broker went away"


class Session:
    """One client of one room: each message becomes one text frame, its body byte for byte.

    A message is acknowledged once uWSGI has taken all of its frame. What the client sends is read
    and thrown away; uWSGI answers its pings.
    """

    def __init__(self, websocket: WebSocketApi, queue: RoomQueue, settings: Settings) -> None:
        self._websocket = websocket
        self._mailbox = Mailbox()
        self._liveness = Liveness(
            settings.keepalive_s, settings.pong_grace_s, heard_at=time.monotonic()
        )
        self._watch = ClientWatch(websocket.connection_fd(), self._mailbox)
        self._subscription = Subscription(queue, self._mailbox)

    def run(self) -> Ending:
        """Serve the client until it leaves, falls silent, or the broker goes away. Then the queue
        is gone too, and nobody else has noticed."""
        try:
            return self._serve()
        except OSError:
            return Ending.CLIENT_LEFT
        finally:
            self._watch.close()
            self._subscription.close()

    def _serve(self) -> Ending:
        # uWSGI sends a first ping right after the handshake; the answer to it is not waited for.
        self._read()
        while True:
            item = self._mailbox.take(self._liveness.seconds_left(time.monotonic()))
            if item is Notice.READABLE:
                self._read()
            elif isinstance(item, Delivery):
                self._send(item)
            elif item is Notice.BROKER_GONE:
                return Ending.BROKER_GONE
            if not self._check_liveness():
                return Ending.CLIENT_SILENT

    def _check_liveness(self) -> bool:
        """Ping when it is time; False when a ping stays without an answer."""
        due = self._liveness.due(time.monotonic())
        if due is Due.NOTHING:
            return True
        if self._watch.has_unread():
            self._read()  # it is not silent: we have not come to listen
        elif due is Due.GIVE_UP:
            return False
        else:
            self._ping()
        return True

    def _ping(self) -> None:
        # One call only: it pings when it finds nothing to read, and a second one could swallow the
        # pong, of which uWSGI says nothing.
        if self._websocket.websocket_recv_nb():
            self._read()
        else:
            self._liveness.pinged(time.monotonic())

    def _read(self) -> None:
        """Throw away what came, which is a sign of life.

        ``b""`` stands for "nothing there" and for an empty frame alike, and a close frame may
        follow an empty one, so it takes some of them in a row to believe it.
        """
        empty = 0
        for _ in range(_READS_AT_A_TIME):
            empty = 0 if self._websocket.websocket_recv_nb() else empty + 1
            if empty == _EMPTY_READS:
                self._watch.taken()
                break
        else:
            self._mailbox.readable()
            gevent.sleep(0)  # a client that floods us shall not keep the others waiting
        self._liveness.heard(time.monotonic())

    def _send(self, delivery: Delivery) -> None:
        started = time.monotonic()
        self._websocket.websocket_send(delivery.body)
        self._subscription.acknowledge(delivery.tag)
        finished = time.monotonic()
        if finished - started > _SLOW_SEND_S:
            # It waited until the client took something from a full buffer.
            self._liveness.heard(finished)
