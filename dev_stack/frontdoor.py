"""The stack's front door: which share of the rooms goes to which server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from dev_stack.files import write_atomically
from migrate_cli.routers import doors, haproxy_state
from migrate_cli.routers.haproxy import HaproxyDoor, StateFile
from migrate_cli.routers.haproxy_socket import RuntimeSocket
from migrate_cli.routers.render.haproxy import BACKEND, FALLBACK
from wsmigrate.sides import Side
from wsmigrate.weights import Servers

LEGACY = Side.LEGACY.value
CHANNELS = Side.CHANNELS.value


@dataclass(frozen=True)
class Weights:
    """What HAProxy goes by when it shares out the rooms: 0 to 256 each."""

    legacy: int
    channels: int


@dataclass(frozen=True)
class FrontDoor:
    """A running HAProxy. Sockets that are open stay where they are, whatever is set.

    A weight that is set at run time ends with the process. With a ``state_file`` each change is
    saved there, where a new process finds it.
    """

    socket_path: Path
    state_file: Path | None = None

    BACKEND: ClassVar[str] = BACKEND

    def router(self) -> doors.FrontDoor:
        """The front door as the cutover sees it."""
        return doors.FrontDoor(
            [
                HaproxyDoor(
                    socket=self._socket,
                    backend=BACKEND,
                    servers=Servers((LEGACY,), (CHANNELS,)),
                    persistence=StateFile(self.state_file, BACKEND) if self.state_file else None,
                    fallback=(FALLBACK,),
                )
            ]
        )

    def weights(self) -> Weights:
        """The weights as they are now. Raises UnavailableError."""
        found = haproxy_state.weights(self._socket.servers_state(), BACKEND)
        return Weights(found[LEGACY], found[CHANNELS])

    def set_share(self, percent_channels: int) -> Weights:
        """Send so many percent of the rooms to the new server from now on, and see that it is so.

        Raises ConfigError for a share that cannot be, UnavailableError if the change did not take.
        """
        self.router().set_share(percent_channels)
        return self.weights()

    def save_state(self) -> None:
        """Write down the servers' state for the next process, if there is a file for it.

        Raises UnavailableError if HAProxy does not answer; the file is then as it was.
        """
        if self.state_file is not None:
            write_atomically(self.state_file, self._socket.servers_state())

    @property
    def _socket(self) -> RuntimeSocket:
        return RuntimeSocket(str(self.socket_path))
