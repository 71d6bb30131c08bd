"""Programs of the machine: found, or installed with apt, or named in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from dev_stack.services import apt
from wsmigrate.errors import UnavailableError

PACKAGE_LIST = Path(__file__).resolve().parents[2] / "requirements" / "system-packages.txt"

T = TypeVar("T")


def packages_for(purpose: str, text: str) -> tuple[str, ...]:
    """The packages of one purpose in a list such as requirements/system-packages.txt."""
    lines = (line.split() for line in text.splitlines() if not line.lstrip().startswith("#"))
    return tuple(words[1] for words in lines if len(words) == 2 and words[0] == purpose)


def obtain(
    what: str, purpose: str, find: Callable[[], T | None], report: Callable[[str], None]
) -> T:
    """What ``find`` finds, if need be after installing the packages of its purpose: all of them,
    because the others will be asked for next. Raises UnavailableError."""
    found = find()
    if found is not None:
        return found
    packages = packages_for(purpose, PACKAGE_LIST.read_text(encoding="utf-8"))
    names = " ".join(packages)
    obstacle = apt.obstacle()
    if obstacle:
        raise _missing(what, names, obstacle)
    report(f"{what} is not on this machine; installing {names} with apt")
    apt.install(packages)
    found = find()
    if found is None:
        raise _missing(what, names, f"apt installed {names}, but that brought no such program")
    return found


def _missing(what: str, names: str, obstacle: str) -> UnavailableError:
    return UnavailableError(
        f"{what} is needed, is not on this machine, and cannot be installed ({obstacle}):"
        f" install {names}, or give the URL of a running one."
    )
