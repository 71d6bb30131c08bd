"""The AMQP side of a socket: a greenlet that moves messages from the queue to the mailbox."""

from __future__ import annotations

import logging
from typing import Any

import gevent

from legacy_uwsgi_ws.mailbox import Delivery, Mailbox
from legacy_uwsgi_ws.room_queue import BROKER_ERRORS, RoomQueue, close_quietly

PREFETCH = 50
"""Messages that may wait for a client in this process; the broker keeps the rest."""

_CLOSE_TIMEOUT_S = 1.0

logger = logging.getLogger(__name__)


class Subscription:
    """Feeds a mailbox from a room's queue until it is closed or the broker goes away.

    pika's connection belongs to this greenlet; other greenlets reach it by callbacks only.
    """

    def __init__(self, queue: RoomQueue, mailbox: Mailbox) -> None:
        self._queue = queue
        self._mailbox = mailbox
        self._ended = False
        self._last_sent = 0
        self._ack_is_due = False
        self._greenlet = gevent.spawn(self._run)

    def acknowledge(self, tag: int) -> None:
        """The message with this tag, and all before it, went to the client."""
        self._last_sent = tag
        if not self._ack_is_due:
            # One ack covers all that is sent until the callback runs.
            self._ack_is_due = self._call(self._ack)

    def close(self) -> None:
        """End the connection to the broker and with it the queue. Never raises; takes at most a
        second or so, even when the broker does not answer."""
        self._call(self._end)
        self._greenlet.join(_CLOSE_TIMEOUT_S)
        self._greenlet.kill(timeout=_CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        channel = self._queue.channel
        try:
            channel.add_on_cancel_callback(self._end)
            channel.basic_qos(prefetch_count=PREFETCH)
            self._queue.consume(self._on_message)
            while not self._ended and channel.is_open:
                self._queue.connection.process_data_events(time_limit=None)
        except BROKER_ERRORS as error:
            logger.info("lost the broker: %s", type(error).__name__)
        finally:
            self._mailbox.broker_gone()
            close_quietly(self._queue.connection)

    def _on_message(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        self._mailbox.deliver(Delivery(method.delivery_tag, body))

    def _ack(self) -> None:
        self._ack_is_due = False
        if self._queue.channel.is_open:
            self._queue.channel.basic_ack(self._last_sent, multiple=True)

    def _end(self, _cancelled: object = None) -> None:
        self._ended = True

    def _call(self, callback: Any) -> bool:
        """Have ``callback`` called by the greenlet that owns the connection; False when that is
        over, which the mailbox says too, or is about to."""
        connection = self._queue.connection
        if not connection.is_open:  # pika 0.13 raises AttributeError then
            return False
        try:
            connection.add_callback_threadsafe(callback)
        except BROKER_ERRORS as error:
            logger.debug("no callback: %s", type(error).__name__)
            return False
        return True
