"""The operator's own programs: run to their end without a shell, with a time limit, and heard."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence


class TookTooLongError(Exception):
    """The program was killed, with what it had started. The text follows the program's name: "did
    not end within 60 s, and was killed"."""


def run_program(
    argv: Sequence[str], within_s: float, values: Mapping[str, str], *, as_one: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a program; ``values`` are put into its environment. It has ended once nobody holds its
    output any more. ``as_one``: errors are in the output, in the order in which all was written.

    It has a session of its own: Ctrl-C at the terminal is the caller's to heed, between two
    programs, and what a program has started can be ended with it. Raises OSError where it cannot be
    run, and TookTooLongError.
    """
    with subprocess.Popen(  # noqa: S603 - it is what the operator configured
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if as_one else subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, **values},
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired as error:
            has_ended = process.poll() is not None
            _kill(process)
            raise TookTooLongError(_what_took_long(within_s, has_ended=has_ended)) from error
        except BaseException:
            _kill(process)
            raise
    return subprocess.CompletedProcess(argv, process.returncode, output, errors or "")


def _kill(process: subprocess.Popen[str]) -> None:
    # The number of its group is not given anew as long as one of the group is there.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _what_took_long(within_s: float, *, has_ended: bool) -> str:
    if not has_ended:
        return f"did not end within {within_s:g} s, and was killed"
    return (
        f"has ended, but what it started held its output for {within_s:g} s, and was killed: have "
        "it write elsewhere (`>/dev/null 2>&1`), or start it by a service manager"
    )
