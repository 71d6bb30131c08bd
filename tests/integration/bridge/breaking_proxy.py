"""A proxy that makes what a broker delivers unreadable, where it holds a given word."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from urllib.parse import urlsplit

_FRAME_END = b"\xce"


class BreakingProxy:
    """Forwards AMQP connections; the frame that holds ``trigger`` loses its end, which any client
    takes for a broken stream."""

    def __init__(self, amqp_url: str, trigger: bytes) -> None:
        parts = urlsplit(amqp_url)
        self._broker = (parts.hostname or "", parts.port or 0)
        self._trigger = trigger + _FRAME_END
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = amqp_url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")
        self._sockets: list[socket.socket] = [self._listener]

    def __enter__(self) -> BreakingProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in tuple(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = self._listener.accept()
                broker = socket.create_connection(self._broker)
                self._sockets += [client, broker]
                for source, target in ((client, broker), (broker, client)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        broken = self._trigger[:-1] + b"\x00"
        with suppress(OSError):  # either side may go away
            while data := source.recv(65536):
                target.sendall(data.replace(self._trigger, broken))
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
