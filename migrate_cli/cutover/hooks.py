"""The operator's own programs, which are run at set places of the cutover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate_cli.programs import TookTooLongError, run_program
from wsmigrate.errors import UnavailableError


def run_hook(argv: Sequence[str], within_s: float, values: Mapping[str, str] | None = None) -> None:
    """Run a program to its end, without a shell; nothing where there is none. ``values`` are put
    into its environment. Raises UnavailableError where it cannot be run, fails or takes longer."""
    if not argv:
        return
    try:
        done = run_program(argv, within_s, values or {})
    except OSError as error:
        raise UnavailableError(
            f"The program {argv[0]} cannot be run ({error.strerror})."
        ) from error
    except TookTooLongError as error:
        raise UnavailableError(f"The program {argv[0]} {error}.") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise UnavailableError(
            f"The program {argv[0]} ended with exit code {done.returncode}: {lines[-1][:200]}."
        )
