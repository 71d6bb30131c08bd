"""A TCP relay that can be cut."""

from __future__ import annotations

import socket
import threading


class Relay:
    """A TCP relay in front of the broker that can be cut, as a broker that dies cuts it."""

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self.port = port
        self._target = target
        self._pairs: list[socket.socket] = []
        self.restore()

    def restore(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        shut_down(self._listener)
        self._listener.close()
        for end in self._pairs:
            shut_down(end)
        self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target())
            self._pairs += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def target(self) -> tuple[str, int]:
        """Where a new connection leads."""
        return self._target

    def passed(self, data: bytes) -> bytes:
        """What is passed on of what came. May wait."""
        return data

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                sink.sendall(self.passed(data))
        except OSError:
            return
        finally:
            shut_down(sink)


def shut_down(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
