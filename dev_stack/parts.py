"""A part of a stack: one program that runs on and on; how it is started, and started again."""

from __future__ import annotations

import enum
import os
import pwd
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev_stack.logs import last_words
from dev_stack.marks import Mark, end_marked
from dev_stack.probes import Probe

START_ATTEMPTS = 2
"""A part that was never ready is given up after so many tries: a wrong setting will not heal."""

SETTLED_S = 30.0
"""A part that was ready for so long has recovered: the next crash counts as the first again."""

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0

# They would change what our private instances do, and who sets them means an installation.
_FOREIGN_SETTINGS = ("RABBITMQ_", "ERL_", "PG", "UWSGI_")


@dataclass(frozen=True)
class PartSpec:
    """What a part is. Times are in seconds. ``env`` comes on top of the owner's environment."""

    name: str
    command: tuple[str, ...]
    cwd: Path
    probe: Probe
    env: Mapping[str, str] = field(default_factory=dict, repr=False)  # it holds passwords
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 5.0
    ready_within_s: float = 60.0
    others_need_it: bool = False
    """Stopped last: the other parts work with it until they end."""


class PartState(enum.Enum):
    """Where a part stands."""

    WAITING = "waiting"  # for its (next) start
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"  # given up; only a part that was never ready gets here
    STOPPED = "stopped"


class Change(enum.Enum):
    """What became of a part in one step of its life."""

    READY = "is ready"
    READY_AGAIN = "is ready again"
    CRASHED = "crashed"
    FAILED = "failed"


def pause_before_start(crashes: int) -> float:
    """Seconds before the next start, after so many crashes in a row: at once, then ever later."""
    if crashes <= 1:
        return 0.0
    return float(min(_FIRST_PAUSE_S * 2 ** (min(crashes, 20) - 2), _LONGEST_PAUSE_S))


def base_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The owner's environment without the settings of other installations."""
    return {key: value for key, value in environ.items() if not key.startswith(_FOREIGN_SETTINGS)}


class Part:
    """A part's life. ``step`` is called again and again by one thread, which never waits long."""

    def __init__(self, spec: PartSpec, mark: Mark, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.state = PartState.WAITING
        self.trouble = ""
        self._mark = mark
        self._process: subprocess.Popen[bytes] | None = None
        self._start_at = 0.0
        self._started_at = 0.0
        self._ready_at: float | None = None
        self._was_ready = False
        self._crashes = 0

    @property
    def pid(self) -> int | None:
        """The id of the main process while there is one."""
        return self._process.pid if self._process else None

    def step(self, now: float) -> Change | None:
        """Do what is due at ``now``, a time of the monotonic clock in seconds."""
        if self.state is PartState.WAITING and now >= self._start_at:
            self._start(now)
        elif self.state in (PartState.STARTING, PartState.READY):
            return self._look_after(now)
        return None

    def ask_to_stop(self) -> None:
        """Send the stop signal to the main process. One that never got ready has nothing to bring
        to an end, and may not listen yet: it is killed."""
        ready = self.state is PartState.READY
        self.state = PartState.STOPPED
        if self._process and self._process.poll() is None:
            self._process.send_signal(self.spec.stop_signal if ready else signal.SIGKILL)

    def has_ended(self) -> bool:
        """Whether the main process is gone."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """Kill the main process, if it is still there."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """Kill what a part that was asked to stop has left behind, its children too."""
        self.kill()
        end_marked(self._mark, grace_s=0)

    def release(self) -> None:
        """Have a stopped part start again."""
        if self.state is PartState.STOPPED:
            self._start_at = 0.0
            self._crashes = 0
            self.state = PartState.WAITING

    def _start(self, now: float) -> None:
        user = pwd.getpwnam(self.spec.user) if self.spec.user else None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.spec.command,
                cwd=self.spec.cwd,
                env={**base_environment(os.environ), **self.spec.env, **self._mark.environ()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a terminal's Ctrl-C is for the owner, who stops in order
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        self._started_at = now
        self._ready_at = None
        self.state = PartState.STARTING

    def _look_after(self, now: float) -> Change | None:
        if self._process is None:
            raise RuntimeError(f"part {self.spec.name} is {self.state.value} without a process")
        status = self._process.poll()
        if status is not None:
            return self._crashed(now, f"ended ({described_status(status)})")
        if self.state is PartState.READY:
            return None
        if self.spec.probe():
            return self._ready(now)
        if now - self._started_at > self.spec.ready_within_s:
            return self._crashed(now, f"was not ready after {self.spec.ready_within_s:.0f} s")
        return None

    def _ready(self, now: float) -> Change:
        again, self._was_ready = self._was_ready, True
        self._ready_at = now
        self.trouble = ""
        self.state = PartState.READY
        return Change.READY_AGAIN if again else Change.READY

    def _crashed(self, now: float, how: str) -> Change:
        self.kill()
        end_marked(self._mark, grace_s=0)  # its children may still hold its port
        settled = self._ready_at is not None and now - self._ready_at >= SETTLED_S
        self._crashes = 1 if settled else self._crashes + 1
        self.trouble = f"{self.spec.name} {how}"
        if self._crashes > 1:  # the first time it may just have been killed
            self.trouble += f"; {last_words(self.log)}"
        if not self._was_ready and self._crashes >= START_ATTEMPTS:
            self.state = PartState.FAILED
            return Change.FAILED
        self._start_at = now + pause_before_start(self._crashes)
        self.state = PartState.WAITING
        return Change.CRASHED


def described_status(status: int) -> str:
    """A return code of Popen in words: a signal's name, or the exit status."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
