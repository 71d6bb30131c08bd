"""Probes: whether a part is ready to do its work. One look each, none of them waits for long."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Callable
from pathlib import Path

from dev_stack.ports import HOST

Probe = Callable[[], bool]
"""True once the part is ready. Raises nothing."""

_TIMEOUT_S = 2.0
_AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"
_HTTP_SERVER_ERROR = 500


def amqp_greets(port: int) -> Probe:
    """A broker answers the protocol header with Connection.Start (AMQP 0-9-1, 2.2.4)."""

    def probe() -> bool:
        with contextlib.suppress(OSError), _connection(port) as link:
            link.sendall(_AMQP_GREETING)
            return link.recv(1) == _METHOD_FRAME
        return False

    return probe


def http_answers(port: int, path: str = "/", *, healthy: bool = False) -> Probe:
    """A server answers GET with anything; ``healthy``: with anything but a server error."""

    def probe() -> bool:
        connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
        with contextlib.suppress(OSError, http.client.HTTPException):
            try:
                connection.request("GET", path, headers={"Connection": "close"})
                status = connection.getresponse().status
                return not healthy or status < _HTTP_SERVER_ERROR
            finally:
                connection.close()
        return False

    return probe


def postgres_takes(dsn: str) -> Probe:
    """PostgreSQL lets us in and answers a query."""
    import psycopg  # noqa: PLC0415 - half a second that other parts need not wait for

    def probe() -> bool:
        try:
            with psycopg.connect(dsn, connect_timeout=2, autocommit=True) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.Error:
            return False

    return probe


def redis_answers(port: int, password: str) -> Probe:
    """Redis takes the password and answers a PING (inline commands, RESP)."""

    def probe() -> bool:
        with contextlib.suppress(OSError), _connection(port) as link, link.makefile("rb") as reply:
            link.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            return [reply.readline(), reply.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        return False

    return probe


def runtime_socket_answers(path: Path, front_port: int) -> Probe:
    """HAProxy answers on its runtime socket and takes connections at the front."""

    def probe() -> bool:
        with contextlib.suppress(OSError):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(_TIMEOUT_S)
                link.connect(str(path))
                link.sendall(b"show info\n")
                if not link.recv(1):
                    return False
            with _connection(front_port):
                return True
        return False

    return probe


def _connection(port: int) -> socket.socket:
    link = socket.create_connection((HOST, port), timeout=_TIMEOUT_S)
    link.settimeout(_TIMEOUT_S)
    return link
