"""The guardian: ends a stack whose owner has gone without doing so itself.

It is a process of its own, in a session of its own, so that neither Ctrl-C nor a SIGKILL of the
owner's whole process group reaches it. It holds one end of a pipe; the kernel closes the other end
when the owner ends, however that happens. Then it ends every process that carries the stack's mark
and removes the stack's folder.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from dev_stack.marks import Mark, end_marked
from wsmigrate.errors import UnavailableError

GRACE_S = 2.0
"""How long an abandoned process may take to end by itself."""

FOLDER_PREFIX = "wsmigrate-"
"""The guardian removes no folder whose name begins otherwise."""

_READY = b"ready\n"
_READY_WITHIN_S = 30.0
_LOOK_S = 0.5


class Guardian:
    """The owner's side. Programs that the owner starts do not inherit the pipe it holds."""

    def __init__(self, mark: Mark, folder: Path) -> None:
        self._mark = mark
        self._folder = folder
        self._process = self._started()

    @property
    def pid(self) -> int:
        """The guardian's process id. It changes when it had to be replaced."""
        return self._process.pid

    def replace_if_dead(self) -> bool:
        """Start another one if this one was killed. True if that was so."""
        if self._process.poll() is None:
            return False
        self._close_pipes()
        self._process = self._started()
        return True

    def dismiss(self, within_s: float = 30.0) -> None:
        """End what is left of the stack, remove its folder and wait until that is done."""
        self._close_pipes()
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise UnavailableError(
                f"The guardian (process {self.pid}) is not done after {within_s:.0f} s.",
                then=f"Processes of the stack and its folder {self._folder} may be left.",
            ) from None

    def _started(self) -> subprocess.Popen[bytes]:
        # The owner may have found this package by a path that a new interpreter does not know.
        package_root = str(Path(__file__).resolve().parents[1])
        inherited = os.environ.get("PYTHONPATH")
        path = os.pathsep.join(part for part in (package_root, inherited) if part)
        process = subprocess.Popen(
            [sys.executable, "-m", "dev_stack.guardian", self._mark.stack, str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        self._await_ready(process)
        return process

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            raise TypeError("the guardian was started without a pipe for its answer")
        ready, _, _ = select.select([process.stdout], [], [], _READY_WITHIN_S)
        if not ready or process.stdout.readline() != _READY:
            process.kill()
            process.wait()
            raise UnavailableError(
                "The guardian that ends the stack with its owner does not start.",
                then="Nothing was started.",
            )

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def watch(mark: Mark, folder: Path) -> None:
    """Wait for the owner's end, then end the stack and remove its folder."""
    # What a terminal or a service manager sends to everybody is not meant for who cleans up.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    owner = os.getppid()
    with contextlib.suppress(BrokenPipeError):  # an owner that is gone already is seen below
        os.write(sys.stdout.fileno(), _READY)
    _wait_for_the_end_of(owner)
    end_marked(mark, grace_s=GRACE_S)
    _remove(folder)


def _wait_for_the_end_of(owner: int) -> None:
    while True:
        # A process that the owner forked without executing a program holds the pipe open as well,
        # hence the second look.
        readable, _, _ = select.select([sys.stdin], [], [], _LOOK_S)
        if (readable and not os.read(sys.stdin.fileno(), 1)) or os.getppid() != owner:
            return


def _remove(folder: Path) -> None:
    if not folder.name.startswith(FOLDER_PREFIX):
        return
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.2)


if __name__ == "__main__":
    watch(Mark(sys.argv[1]), Path(sys.argv[2]))
