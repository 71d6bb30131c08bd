"""Two servers to stand behind a front door. They say who they are, and keep WebSockets open."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Iterator

# The key and the answer of RFC 6455's own example (1.3); HAProxy compares them.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {KEY}",
)
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class SaysWhoItIs(http.server.BaseHTTPRequestHandler):
    name = ""
    ending = False
    takes_s = 0.0
    protocol_version = "HTTP/1.1"
    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        kind = type(self)
        kind.seen.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
        time.sleep(kind.takes_s)
        upgrading = self.headers.get("Upgrade") == "websocket"
        self.send_response(503 if kind.ending else 101 if upgrading else 200)
        self.send_header("X-Server", self.name)
        if upgrading and not kind.ending:
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", ACCEPT)
            self.end_headers()
            while data := self.rfile.read1():
                self.wfile.write(data)
            self.close_connection = True
            return
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Checks connect and reset: nothing to print a traceback for."""


class NamedServer:
    """A server that can be taken away and come back on its port."""

    def __init__(self, name: str, port: int) -> None:
        self.port = port
        self.handler = type("Handler", (SaysWhoItIs,), {"name": name, "seen": []})
        self._running: Server | None = None

    def start(self) -> None:
        self._running = Server(("127.0.0.1", self.port), self.handler)
        thread = threading.Thread(target=self._running.serve_forever, args=(0.02,), daemon=True)
        thread.start()

    def stop(self) -> None:
        if self._running:
            self._running.shutdown()
            self._running.server_close()
            self._running = None

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Each request waits so long for its answer."""
        self.handler.takes_s = seconds
        try:
            yield
        finally:
            self.handler.takes_s = 0.0

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()


class Client:
    """A client at a port, which knows HTTP and as much of WebSockets as a handshake."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self, target: str, *headers: str) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        lines = (f"GET {target} HTTP/1.1", "Host: chat.example.com", *headers, "", "")
        link.sendall("\r\n".join(lines).encode())
        return link

    def answer(self, target: str, *headers: str) -> dict[str, str]:
        """The head of the answer to a request target, as it stands."""
        with self.connect(target, *headers) as link:
            return head_of(link)

    def server_of(self, target: str) -> str:
        return self.answer(target)["x-server"]

    def servers_of_rooms(self, count: int) -> dict[str, str]:
        return {room: self.server_of(f"/{room}") for room in map(str, range(count))}

    def open(self, target: str) -> socket.socket:
        """An open WebSocket."""
        link = self.connect(target, *UPGRADE)
        assert head_of(link)["status"] == "101"
        return link


def head_of(link: socket.socket) -> dict[str, str]:
    with link.makefile("rb", buffering=0) as answer:
        status = answer.readline().split()[1].decode()
        lines = iter(lambda: answer.readline().strip().decode("latin-1"), "")
        named = dict(line.partition(": ")[::2] for line in lines)
    return {"status": status, **{name.lower(): value for name, value in named.items()}}


def is_open(link: socket.socket) -> bool:
    """Whether a WebSocket still carries bytes to its server and back."""
    try:
        link.sendall(b"x")
        return link.recv(1) == b"x"
    except OSError:
        return False
