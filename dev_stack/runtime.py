"""What every stack stands on: a folder, a mark, a guardian, ports and a supervisor."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from dev_stack.guardian import FOLDER_PREFIX, Guardian
from dev_stack.marks import Mark
from dev_stack.ports import Ports
from dev_stack.supervisor import Report, StopRequest, Supervisor

_LONGEST_TEMPORARY_FOLDER = 60
"""A Unix socket's path holds 107 bytes (unix(7)), and ours lie below the temporary folder."""


class Runtime:
    """A private folder and the parts that run in it.

    The guardian is started before anything else. ``close`` stops the parts and removes the folder;
    the guardian does the same, less gently, if the owner ends without calling it.
    """

    def __init__(
        self,
        report: Report,
        *,
        logs: Path | None = None,
        stop_request: StopRequest | None = None,
        on_tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.mark = Mark(secrets.token_hex(8))
        self.folder = _private_folder()
        self.guardian = Guardian(self.mark, self.folder)
        self.ports = Ports()
        self.logs = logs or self.folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._report = report
        self._on_tick = on_tick
        self.supervisor = Supervisor(
            self.mark,
            self.logs,
            report=report,
            stop_request=stop_request or StopRequest(),
            on_tick=self._tick,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything, remove the folder, give the ports back. Once is enough."""
        try:
            self.supervisor.stop()
        finally:
            self.guardian.dismiss()
            self.ports.release()

    def _tick(self) -> None:
        if self.guardian.replace_if_dead():
            self._report(f"the guardian was killed; process {self.guardian.pid} takes its place")
        self._on_tick()


def _private_folder() -> Path:
    base = tempfile.gettempdir()
    if len(base) > _LONGEST_TEMPORARY_FOLDER:
        base = "/tmp"  # noqa: S108 - mkdtemp makes a folder of our own in it
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=base))
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root: its own user has to get to its folder through ours.
        folder.chmod(0o711)
    return folder
