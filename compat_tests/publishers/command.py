"""Publishing by a command of the user's own."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence

from wsmigrate.errors import ConfigError, UnavailableError

ROOM_VARIABLE = "WSMIGRATE_PARITY_ROOM"
_LIMIT_S = 60


class CommandPublisher:
    """Runs the command once a message, one after the other. The payload is its standard input;
    ``{room}`` in an argument, and the variable WSMIGRATE_PARITY_ROOM, are the room."""

    def __init__(self, command: str) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise ConfigError(f"The command of --publish-cmd cannot be read: {error}.") from None
        if not self._words:
            raise ConfigError("The command of --publish-cmd is empty.")
        self._is_closed = False

    def publish(self, room: str, payloads: Sequence[bytes]) -> None:
        """Publish. Raises UnavailableError when the command does not end with 0."""
        words = [word.replace("{room}", room) for word in self._words]
        environment = {**os.environ, ROOM_VARIABLE: room}
        for payload in payloads:
            if self._is_closed:
                raise UnavailableError("The publisher was closed.")
            self._run(words, payload, environment)

    def close(self) -> None:
        """Run the command no more, also where another thread is about to."""
        self._is_closed = True

    def _run(self, words: Sequence[str], payload: bytes, environment: dict[str, str]) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command
                words,
                input=payload,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(
                f"The command of --publish-cmd, {words[0]}, could not be run to its end "
                f"({type(error).__name__})."
            ) from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise UnavailableError(
                f"The command of --publish-cmd ended with exit code {done.returncode}"
                + (f": {said[-1][:200]}" if said else ".")
            )
