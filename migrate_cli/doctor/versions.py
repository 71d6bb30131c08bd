"""Whether the packages of the roles that run here are installed, and of the right versions."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator

from packaging.requirements import Requirement

from migrate_cli.doctor.context import Context
from wsmigrate import __version__
from wsmigrate.doctor.findings import Finding, Level

CHECK = "versions"
_ROLES = ("server", "bridge", "cli")


def check(_context: Context) -> Iterator[Finding]:
    """Each requirement of the extras, as this installation states them."""
    python = platform.python_version()
    yield Finding(CHECK, Level.GOOD, f"wsmigrate {__version__} on Python {python}.")
    wrong = False
    seen: set[str] = set()
    for text in importlib.metadata.requires("wsmigrate") or []:
        requirement = Requirement(text)
        roles = [role for role in _ROLES if _is_of(requirement, role)]
        if roles and str(requirement.specifier) + requirement.name not in seen:
            seen.add(str(requirement.specifier) + requirement.name)
            for finding in _of_package(requirement, roles):
                wrong = True
                yield finding
    if seen and not wrong:
        yield Finding(CHECK, Level.GOOD, "The packages of server, bridge and command line suit.")


def _is_of(requirement: Requirement, role: str) -> bool:
    return requirement.marker is not None and requirement.marker.evaluate({"extra": role})


def _of_package(requirement: Requirement, roles: list[str]) -> Iterator[Finding]:
    extras = ",".join(roles)
    install = f"pip install 'wsmigrate[{extras}]'"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        # A machine has the packages of its own role only.
        what = f"{requirement.name} is not installed; {' and '.join(roles)} need it."
        level = Level.MEND if "cli" in roles else Level.ADVICE
        yield Finding(CHECK, level, what, f"Where they run: {install}")
        return
    if not requirement.specifier.contains(version, prereleases=True):
        what = f"{requirement.name} is {version}, and {requirement.specifier} is needed."
        yield Finding(CHECK, Level.MEND, what, install)
