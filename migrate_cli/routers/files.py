"""Files that a running program reads: replaced as a whole, with the owner and mode they had."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from wsmigrate.errors import UnavailableError


def replace_file(path: Path, text: str) -> None:
    """Put ``text`` in place of what a file holds, in one step (rename(2)), and onto the disk.

    A file that is new is readable by all: a load balancer reads it as a user of its own. Raises
    UnavailableError; the file is then as it was.
    """
    target = path.resolve()  # a link stays a link
    try:
        number, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                _take_after(target, file.fileno())
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise UnavailableError(
            f"{path} cannot be written ({error.strerror}).", then="It is as it was."
        ) from error


def read_file(path: Path) -> str:
    """What a file holds. Raises UnavailableError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnavailableError(f"{path} cannot be read ({error}).") from error


def _take_after(target: Path, number: int) -> None:
    try:
        before = target.stat()
    except FileNotFoundError:
        os.fchmod(number, 0o644)
        return
    os.fchmod(number, before.st_mode & 0o7777)
    if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):  # then it is ours, and as readable as before
            os.fchown(number, before.st_uid, before.st_gid)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
