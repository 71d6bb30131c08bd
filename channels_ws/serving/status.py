"""Where the server process stands, for all who ask: the gate, the endpoints, the runner."""

from __future__ import annotations

import logging

from channels_ws.server import RoomServer
from channels_ws.serving.readiness import Phase, Readiness, readiness

logger = logging.getLogger(__name__)


class ServingStatus:
    """The phase of a process, and its RoomServer once the application has started."""

    def __init__(self, canary_late_s: float) -> None:
        self._canary_late_s = canary_late_s
        self.phase = Phase.STARTING
        self.room_server: RoomServer | None = None

    def change(self, phase: Phase) -> None:
        """Go on to a phase; never back."""
        if self.phase is not Phase.DRAINING:
            self.phase = phase

    @property
    def is_draining(self) -> bool:
        """Whether the process is about to end."""
        return self.phase is Phase.DRAINING

    def readiness(self) -> Readiness:
        """Whether new clients are welcome and would be served."""
        health = None if self.room_server is None else self.room_server.health()
        return readiness(self.phase, health, self._canary_late_s)
