"""The operator's own programs, which are run at set places of the cutover."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from wsmigrate.errors import UnavailableError


def run_hook(argv: Sequence[str], within_s: float, values: Mapping[str, str] | None = None) -> None:
    """Run a program to its end, without a shell; nothing where there is none. ``values`` are put
    into its environment. Raises UnavailableError where it cannot be run, fails or takes longer."""
    if not argv:
        return
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own program
            argv,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=within_s,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(values or {})},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(
            f"The program {argv[0]} could not be run ({type(error).__name__})."
        ) from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise UnavailableError(
            f"The program {argv[0]} ended with exit code {done.returncode}: {lines[-1][:200]}."
        )
