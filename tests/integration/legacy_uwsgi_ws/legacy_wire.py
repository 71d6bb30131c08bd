"""A WebSocket client that shows the wire: sans-I/O protocol over a plain socket."""

from __future__ import annotations

import socket
import struct
import time
from collections import deque

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import CTRL_OPCODES, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

TIMEOUT_S = 20.0


class WireClient:
    """One client. ``frames`` holds data frames in the order of their arrival; pings are answered
    while the client waits for something, as long as ``answers_pings``."""

    def __init__(
        self,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        offer_deflate: bool = False,
        receive_buffer: int | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.uri = parse_uri(url)
        self.frames: deque[Frame] = deque()
        self.pings = 0
        self._pongs: deque[bytes] = deque()
        self.answers_pings = True
        self.response: Response | None = None
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout_s)
        self.socket.connect((self.uri.host, self.uri.port))
        extensions = [ClientPerMessageDeflateFactory()] if offer_deflate else None
        self._protocol = ClientProtocol(self.uri, extensions=extensions, max_size=None)
        request = self._protocol.connect()
        for name, value in (headers or {}).items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self.flush()
        while self.response is None:
            self._pump(timeout_s)

    def __enter__(self) -> WireClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    @property
    def is_open(self) -> bool:
        return self._protocol.state is State.OPEN

    def receive(self, timeout_s: float = TIMEOUT_S) -> Frame:
        """The next data frame. Raises TimeoutError or ConnectionError."""
        deadline = time.monotonic() + timeout_s
        while not self.frames:
            if not self._pump(deadline - time.monotonic()):
                raise ConnectionError("the server closed the connection")
        return self.frames.popleft()

    def bodies(self, count: int, timeout_s: float = TIMEOUT_S) -> list[bytes]:
        return [bytes(self.receive(timeout_s).data) for _ in range(count)]

    def is_closed_within(self, seconds: float) -> bool:
        """Whether the server ends the TCP connection in that time."""
        deadline = time.monotonic() + seconds
        try:
            while self._pump(deadline - time.monotonic()):
                pass
        except TimeoutError:
            return False
        return True

    def send_text(self, text: bytes) -> None:
        self._protocol.send_text(text)
        self.flush()

    def send_ping(self, data: bytes) -> None:
        self._protocol.send_ping(data)
        self.flush()

    def send_close(self) -> None:
        self._protocol.send_close(1000)
        self.flush()

    def pong(self, timeout_s: float = TIMEOUT_S) -> bytes:
        """The payload of the next pong."""
        deadline = time.monotonic() + timeout_s
        while not self._pongs:
            self._pump(deadline - time.monotonic())
        return self._pongs.popleft()

    def reset(self) -> None:
        """Leave with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self.socket.sendall(data)

    def _pump(self, timeout_s: float) -> bool:
        """Take in what comes; False at the end of the connection."""
        if timeout_s <= 0:
            raise TimeoutError
        self.socket.settimeout(timeout_s)
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            return False
        if not data:
            return False
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self.response = event
            elif event.opcode not in CTRL_OPCODES:
                self.frames.append(event)
            elif event.opcode is Opcode.PONG:
                self._pongs.append(bytes(event.data))
            else:
                self.pings += 1
        if self.answers_pings:
            self.flush()
        return True
