"""What the hooks of the rehearsal's ``wsmigrate.toml`` ask for: a Unix socket of the rehearsal.

On a real site they are `systemctl start …` and the like. Here they say a word, and the rehearsal,
which runs the parts, does it and answers ``ok``, or with what went wrong.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from wsmigrate.errors import WsmigrateError

_POLL_S = 0.2


class Control:
    """Answers hooks, in a thread of its own. ``doing`` says what each word does; ``failing`` holds
    the words that are answered with an error instead, once each."""

    def __init__(
        self, path: Path, doing: Mapping[str, Callable[[], object]], failing: set[str]
    ) -> None:
        self.path = path
        self._failing = failing
        self._doing = doing
        self._ended = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._run, name="rehearsal-control", daemon=True)

    def __enter__(self) -> Self:
        self._socket.bind(str(self.path))
        self._socket.listen()
        self._socket.settimeout(_POLL_S)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        try:
            word = connection.recv(100).decode("ascii", "replace").strip()
            connection.sendall(f"{self._done(word)}\n".encode())
        except OSError:
            return  # whoever asked is gone, as one who is killed; what he asked for is done

    def _done(self, word: str) -> str:
        if word in self._failing:
            self._failing.discard(word)
            return f"{word} fails on purpose"
        if word not in self._doing:
            return f"{word} is not known"
        try:
            self._doing[word]()
        except WsmigrateError as error:
            return str(error)
        return "ok"
