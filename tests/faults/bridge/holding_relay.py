"""A TCP relay that can be cut, or stop passing anything on without closing anything."""

from __future__ import annotations

import threading

from relay import Relay


class HoldingRelay(Relay):
    """While held, connections stay open on both sides and nothing comes through: half-open. New
    connections are taken, and get no answer either, as behind a firewall that drops packets."""

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self._passing = threading.Event()
        self._passing.set()
        super().__init__(port, target)

    def hold(self) -> None:
        self._passing.clear()

    def release(self) -> None:
        self._passing.set()

    def passed(self, data: bytes) -> bytes:
        self._passing.wait()
        return data
