"""Writing a conversion to the disk: each file is either the old one or the new one, at any time."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from migrate_cli.convert.engine import Conversion
from migrate_cli.convert.files import TEMPORARY_MARK, ProjectFile
from migrate_cli.convert.project_settings import settings_modules


@dataclass(frozen=True)
class Written:
    """The paths that were written, and the reasons of those that were not."""

    done: tuple[str, ...]
    failed: Mapping[str, str]


def write(root: Path, conversion: Conversion) -> Written:
    """Write what differs. A file that is not any more what was read is left as it is.

    Settings come first and what is no code last: what the settings have to say is read in code that
    is still the old one, and the requirements tell that the project is to be converted. So a run
    that was interrupted can be run again.
    """
    settings = {one.path for one in settings_modules(conversion.before)}
    done, failed = [], {}
    for path in sorted(conversion.changed, key=lambda one: _turn(one, settings)):
        one = conversion.after.files.get(path)
        try:
            _write_one(root / path, conversion.before.files.get(path), one)
        except (OSError, ValueError) as error:
            failed[path] = getattr(error, "strerror", None) or str(error)
        else:
            done.append(path)
    return Written(tuple(done), failed)


def _turn(path: str, settings: set[str]) -> tuple[int, str]:
    if path in settings:
        return 0, path
    return (1 if path.endswith(".py") else 2), path


def _write_one(path: Path, before: ProjectFile | None, after: ProjectFile | None) -> None:
    if before is None:
        if path.exists():
            raise ValueError("it has appeared meanwhile")
        path.parent.mkdir(parents=True, exist_ok=True)
    elif path.read_bytes() != before.data:
        raise ValueError("it was changed meanwhile; run the command again")
    if after is None:
        path.unlink()
    else:
        _replace(path, after.encoded(after.text))
    _sync_folder(path.parent)


def _replace(path: Path, data: bytes) -> None:
    """Write beside it and rename, which is one step for whoever looks (rename(2))."""
    draft = path.with_name(f".{path.name}{TEMPORARY_MARK}{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(data)
            if path.exists():
                _same_owner_and_mode(file.fileno(), path.stat())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _same_owner_and_mode(descriptor: int, wanted: os.stat_result) -> None:
    # Only root may give a file away; the mode comes last, because chown(2) clears set-id bits.
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(wanted.st_mode))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
