"""The operator's own commands: run without a shell, with a time limit, and heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate_cli.programs import TookTooLongError, run_program
from migrate_cli.routers.port import RouterError


def run_command(
    door: str,
    command: Sequence[str],
    *,
    values: Mapping[str, object] | None = None,
    timeout_s: float = 30.0,
) -> str:
    """Run a command to its end and return what it printed.

    ``{name}`` in its words is replaced by a value, which it finds in ``WSMIGRATE_<NAME>`` too.
    Raises RouterError where it cannot be run, fails or takes too long; it is killed then.
    """
    given = {name: str(value) for name, value in (values or {}).items()}
    words = [_filled_in(word, given) for word in command]
    environment = {f"WSMIGRATE_{name.upper()}": value for name, value in given.items()}
    shown = " ".join(words)[:120]
    try:
        finished = run_program(words, timeout_s, environment)
    except OSError as error:
        raise RouterError(door, f"`{shown}` cannot be run ({error.strerror}).") from error
    except TookTooLongError as error:
        raise RouterError(
            door, f"`{shown}` {error}.", then="What it has done by then is not known."
        ) from error
    if finished.returncode:
        said = " | ".join(line for line in finished.stderr.splitlines() if line.strip())[-300:]
        raise RouterError(
            door,
            f"`{shown}` ended with {finished.returncode}: {said.rstrip('.') or 'without a word'}.",
        )
    return finished.stdout


def _filled_in(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", value)
    return word
