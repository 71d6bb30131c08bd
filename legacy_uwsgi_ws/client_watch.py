"""Notices at once what comes from a client, its leaving included."""

from __future__ import annotations

import fcntl
import os
import socket
import termios

import gevent
from gevent.event import Event
from gevent.socket import wait_read

from legacy_uwsgi_ws.mailbox import Mailbox

_HANG_UP_CHECK_S = 0.5
_TCP_CLOSE, _TCP_CLOSE_WAIT = 7, 8  # linux: include/net/tcp_states.h


class ClientWatch:
    """Puts READABLE into the mailbox when the client's connection has something to read.

    It holds a descriptor of its own for the connection: uWSGI closes its one when the request
    ends, and the number may be somebody else's a moment later.
    """

    def __init__(self, descriptor: int, mailbox: Mailbox) -> None:
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._mailbox = mailbox
        self._taken = Event()
        self._greenlet = gevent.spawn(self._run)

    def taken(self) -> None:
        """The owner has read what there was: go on watching."""
        self._taken.set()

    def has_unread(self) -> bool:
        """Whether bytes of the client wait in the kernel (its closing is none)."""
        waiting = fcntl.ioctl(self._socket.fileno(), termios.FIONREAD, bytes(4))
        return any(waiting)

    def close(self) -> None:
        self._greenlet.kill()
        self._socket.close()

    def _run(self) -> None:
        while True:
            wait_read(self._socket.fileno())
            self._taken.clear()
            self._mailbox.readable()
            if not self._wait_until_taken():
                return

    def _wait_until_taken(self) -> bool:
        """Whether to go on. An owner that does not come is stuck in a send to a client that does
        not read; if that client has closed its side, the send is made to fail."""
        while not self._taken.wait(_HANG_UP_CHECK_S):
            if self._client_closed():
                self._hang_up()
                return False
        return True

    def _client_closed(self) -> bool:
        state = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return state in {_TCP_CLOSE, _TCP_CLOSE_WAIT}

    def _hang_up(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is down already, and the send fails by itself
