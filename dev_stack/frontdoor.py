"""The front door's runtime socket: which share of the rooms goes to which server."""

from __future__ import annotations

import contextlib
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from dev_stack.files import write_atomically
from wsmigrate.errors import ConfigError, UnavailableError

LEGACY = "legacy"
CHANNELS = "channels"

_TIMEOUT_S = 5.0
_WEIGHT = re.compile(r"^(\d+) \(initial \d+\)", re.MULTILINE)


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

    BACKEND: ClassVar[str] = "ws"

    def weights(self) -> Weights:
        """The weights as they are now. Raises UnavailableError."""
        return Weights(self._weight(LEGACY), self._weight(CHANNELS))

    def set_share(self, percent_channels: int) -> Weights:
        """Send so many percent of the rooms to the new server from now on, and see that it is so.

        Raises ConfigError for a share that cannot be, UnavailableError if the change did not take.
        """
        if not 0 <= percent_channels <= 100:
            raise ConfigError(
                f"{percent_channels} % of the rooms cannot go to the new server: it is 0 to 100."
            )
        wanted = Weights(100 - percent_channels, percent_channels)
        shares = sorted([(wanted.legacy, LEGACY), (wanted.channels, CHANNELS)], reverse=True)
        # The greater weight first, in one command line: at no time are both of them 0.
        self._ask(
            "; ".join(f"set server {self.BACKEND}/{name} weight {value}" for value, name in shares)
        )
        found = self.weights()
        if found != wanted:
            raise UnavailableError(
                f"HAProxy was told the weights {wanted}, and has {found}.",
                remedy="Look at its log.",
            )
        self.save_state()
        return found

    def save_state(self) -> None:
        """Write down the servers' state for the next process, if there is a file for it.

        Raises UnavailableError if HAProxy does not answer; the file is then as it was.
        """
        if self.state_file is None:
            return
        state = self._ask("show servers state").strip()
        if not state.startswith("1\n"):
            raise UnavailableError(f"HAProxy gave no state of its servers: {state[:100]!r}.")
        write_atomically(self.state_file, f"{state}\n")

    def _weight(self, server: str) -> int:
        answer = self._ask(f"get weight {self.BACKEND}/{server}")
        found = _WEIGHT.search(answer)
        if found is None:
            raise UnavailableError(
                f"HAProxy gave no weight of {self.BACKEND}/{server}: {answer.strip()[:100]!r}."
            )
        return int(found.group(1))

    def _ask(self, command: str) -> str:
        """One command line and its answer (HAProxy's management guide, 9.3)."""
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as link:
            link.settimeout(_TIMEOUT_S)
            try:
                link.connect(str(self.socket_path))
                link.sendall(f"{command}\n".encode())
                answer = bytearray()
                while block := link.recv(65536):
                    answer += block
            except OSError as error:
                raise UnavailableError(
                    f"HAProxy's runtime socket {self.socket_path} does not answer ({error})."
                ) from error
        return answer.decode("utf-8", "replace")
