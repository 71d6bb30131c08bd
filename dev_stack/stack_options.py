"""What a stack is to be like, and the files that it is told to write."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev_stack.site import SETTINGS_MODULE
from wsmigrate.errors import ConfigError, WsmigrateError


@dataclass(frozen=True)
class StackOptions:
    """What a stack is to be like. A port of 0 stands for a free one.

    Services whose URL is given are used as they are; the others are started. ``logs`` is a folder
    that outlives the stack; without it the logs lie in the stack's own folder and go with it.
    ``endpoints_file`` is written when the stack is ready and after each restart of a part, and
    removed when the stack is stopped.
    """

    amqp_url: str | None = field(default=None, repr=False)
    postgres_dsn: str | None = field(default=None, repr=False)
    http_port: int = 0
    front_port: int = 0
    legacy_port: int = 0
    channels_port: int = 0
    entrance: bool = False
    """Whether browsers connect to a load balancer that leads straight to the old server at first,
    and to the front door once it is told so, as on a site before the stage ``door``."""
    bridge_settings_module: str = SETTINGS_MODULE
    extra_env: Mapping[str, str] = field(default_factory=dict, repr=False)
    logs: Path | None = None
    endpoints_file: Path | None = None


def make_way(file: Path) -> None:
    """Remove an endpoints file of an earlier stack, which would be taken for this one's. Raises
    ConfigError."""
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise ConfigError(
            f"The endpoints cannot be written to {file}: there is no such folder to write to."
        )
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(file, error) from error


def made_folder(folder: Path) -> Path:
    """The folder, made where it is not there. Raises ConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder for logs {folder} cannot be made ({error.strerror})."
        ) from error
    return folder.resolve()


def unwritable(file: Path, error: OSError) -> WsmigrateError:
    """The error of an endpoints file that cannot be written."""
    return ConfigError(f"The endpoints cannot be written to {file} ({error.strerror}).")
