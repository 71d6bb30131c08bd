"""The operator: runs the commands of the cutover as processes, and goes on after one was killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev_stack.parts import base_environment
from dev_stack.rehearsal.course import Step
from wsmigrate.errors import UnavailableError

_ACCEPTED = "a rehearsal on the local stack"
_TRIES = 8
_TRY_AGAIN_S = 3.0
_LOOKS = 40
_LOOK_AGAIN_S = 1.5


@dataclass(frozen=True)
class Call:
    """A command that was run. Times are of CLOCK_MONOTONIC. ``status`` is negative where a signal
    ended it."""

    words: tuple[str, ...]
    began: float
    ended: float
    status: int
    last_words: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {
            "command": " ".join(("wsmigrate", *self.words)),
            "seconds": round(self.ended - self.began, 2),
            "status": self.status,
            **({"said": self.last_words} if self.status else {}),
        }


@dataclass
class Operator:
    """``wsmigrate`` with the rehearsal's ``wsmigrate.toml``. ``env``: of the site. A command that
    takes longer than ``within_s`` is ended."""

    config: Path
    folder: Path
    env: Mapping[str, str]
    within_s: float = 600.0
    calls: list[Call] = field(default_factory=list)
    _running: subprocess.Popen[str] | None = None

    def reach(self, step: Step, recovery: Callable[[], str], ready: Callable[[], object]) -> None:
        """Take a step, and go on with it until it is done, whatever befalls the command.

        ``recovery`` says what to do about a command that was cut off, ``resume`` or ``abort``;
        ``ready`` returns once all parts run. Raises UnavailableError where it cannot be reached.
        """
        order = self._order(step)
        words = order
        failures = 0
        while failures < _TRIES:
            call, said = self.run(*words)
            failures += call.status > 0
            if call.status == 0 and said.get("rung") == step.rung.name and said["goal"] is None:
                return
            if call.status > 0:
                time.sleep(_TRY_AGAIN_S)
            ready()
            status = self.status()
            if status["rung"] == step.rung.name and status["goal"] is None:
                return
            words = order
            if status["paused"] or status["goal"] is not None:
                gives_up = recovery() == "abort" and status["heading"] == "forward"
                words = ("abort" if gives_up else "resume", "--execute")
        raise UnavailableError(
            f"The stage {step.rung.name!r} was not reached: {self.calls[-1].last_words}"
        )

    def status(self) -> dict[str, Any]:
        """Where the cutover stands; asked again where it cannot be had."""
        for _ in range(_LOOKS):
            call, said = self.run("status")
            if call.status == 0:
                self.calls.pop()  # a look is no step
                return dict(said)
            time.sleep(_LOOK_AGAIN_S)
        raise UnavailableError("`wsmigrate status` does not answer.")

    def history(self) -> list[dict[str, Any]]:
        """The audit log."""
        _, said = self.run("history", "--limit", "100000")
        self.calls.pop()
        return list(said.get("entries", said) if isinstance(said, dict) else said)

    def run(self, *words: str) -> tuple[Call, Any]:
        """Run a command with ``--json``; what it printed. Raises UnavailableError if it is not over
        in time."""
        command = [sys.executable, "-m", "migrate_cli", *words]
        began = time.monotonic()
        self._running = subprocess.Popen(
            [*command, "--json", "--config", str(self.config)],
            cwd=self.folder,
            env=base_environment(self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the rehearsal, which ends it in order
        )
        try:
            printed, told = self._running.communicate(timeout=self.within_s)
        except subprocess.TimeoutExpired as error:
            self.kill()
            self._running.wait()
            # What it has started may hold its output open, so that is not read to its end.
            told = (error.stderr or b"").decode("utf-8", "replace")
            raise UnavailableError(
                f"`wsmigrate {' '.join(words)}` was not over within {self.within_s:.0f} s: "
                f"{_last_words(told)}"
            ) from error
        finally:
            self.kill()
        status = self._running.returncode
        call = Call(words, began, time.monotonic(), status, _last_words(told))
        self.calls.append(call)
        try:
            return call, json.loads(printed)
        except ValueError:
            return call, {}

    def kill(self) -> bool:
        """SIGKILL to the command that runs; whether there was one."""
        running = self._running
        if running is None or running.poll() is not None:
            return False
        running.kill()
        return True

    @staticmethod
    def _order(step: Step) -> tuple[str, ...]:
        if step.back:
            return ("rollback", "--to", step.rung.name, "--execute", "--why", _ACCEPTED)
        return ("advance", "--execute", "--accept-inconclusive", _ACCEPTED)


def _last_words(told: str) -> str:
    return " ".join(told.strip().splitlines()[-6:])[-600:]
