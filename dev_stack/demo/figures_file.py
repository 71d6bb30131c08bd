"""The file that ``--json`` names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from dev_stack.files import write_atomically
from wsmigrate.errors import ConfigError


def check_writable(path: Path) -> None:
    """Raise ConfigError if the file could not be written, before anything else is done."""
    if path.is_dir():
        raise ConfigError(f"--json {path} is a folder, and has to be a file.")
    if not path.parent.is_dir():
        raise ConfigError(f"--json {path} cannot be written: there is no such folder.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"--json {path} cannot be written: the folder may not be written to.")


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Replace the file in one step. Raises ConfigError."""
    try:
        write_atomically(path, json.dumps(figures, indent=2) + "\n")
    except OSError as error:
        raise ConfigError(f"--json {path} cannot be written: {error.strerror}.") from error
