"""The files that ``--json`` and other options name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dev_stack.files import write_atomically
from wsmigrate.errors import ConfigError


def check_writable(path: Path, option: str = "--json") -> None:
    """Raise ConfigError if the file could not be written, before anything else is done."""
    if path.is_dir():
        raise ConfigError(f"{option} {path} is a folder, and has to be a file.")
    if not path.parent.is_dir():
        raise ConfigError(f"{option} {path} cannot be written: there is no such folder.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{option} {path} cannot be written: the folder may not be written to.")


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Replace the file in one step. Raises ConfigError."""
    _write(path, json.dumps(figures, indent=2) + "\n", "--json")


def write_lines(path: Path, lines: Iterable[dict[str, Any]], option: str) -> None:
    """Likewise, with an object a line."""
    _write(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), option)


def _write(path: Path, text: str, option: str) -> None:
    try:
        write_atomically(path, text)
    except OSError as error:
        raise ConfigError(f"{option} {path} cannot be written: {error.strerror}.") from error
