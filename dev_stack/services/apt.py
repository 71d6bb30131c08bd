"""Installing packages with apt, without the services that Debian starts along with them.

Debian starts a service as soon as its package is installed, and again at each boot. On somebody's
own machine neither is ours to decide: a policy-rc.d forbids the start for the time of the
installation (invoke-rc.d(8)), and what the installation has enabled is disabled again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from wsmigrate.errors import UnavailableError

POLICY = Path("/usr/sbin/policy-rc.d")

_FORBIDDEN = 101  # the answer of policy-rc.d that forbids an action
_POLICY_TEXT = f"#!/bin/sh\nexit {_FORBIDDEN}\n"
_UNITS = Path("/etc/systemd/system")
_WITHIN_S = 900


def obstacle() -> str:
    """Why nothing can be installed here, in a few words; empty if it can."""
    if not shutil.which("apt-get"):
        return "there is no apt"
    if os.geteuid() != 0 and not _succeeds(["sudo", "-n", "true"]):
        return "that takes root, or sudo without a password"
    if POLICY.exists() and not _policy_forbids():
        return f"the {POLICY} that is there would start Debian's own service"
    return ""


def install(packages: Sequence[str]) -> None:
    """Install the packages. Their services are neither started nor left enabled.

    Raises UnavailableError with apt's last words.
    """
    enabled = _enabled_units()
    with _services_forbidden():
        _apt(["update"])
        _apt(["install", "--yes", "--no-install-recommends", *packages])
    for unit in sorted(_enabled_units() - enabled):
        _succeeds(as_root(["systemctl", "disable", unit]))
        _succeeds(as_root(["update-rc.d", unit.removesuffix(".service"), "disable"]))


def as_root(command: Sequence[str]) -> list[str]:
    """The command as root runs it."""
    return list(command) if os.geteuid() == 0 else ["sudo", "-n", *command]


def _apt(arguments: Sequence[str]) -> None:
    command = as_root(
        ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    )
    finished = subprocess.run(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    if finished.returncode != 0:
        said = [line for line in finished.stderr.splitlines() if line.strip()][-3:]
        raise UnavailableError(
            f"apt-get {' '.join(arguments)} failed: {' | '.join(said)}",
            remedy="Install the packages by hand.",
        )


@contextlib.contextmanager
def _services_forbidden() -> Iterator[None]:
    if POLICY.exists():  # it forbids them already: see obstacle()
        yield
        return
    subprocess.run(
        as_root(["sh", "-c", f"cat > {POLICY} && chmod 755 {POLICY}"]),
        input=_POLICY_TEXT.encode(),
        check=True,
    )
    try:
        yield
    finally:
        if POLICY.read_text(encoding="utf-8", errors="replace") == _POLICY_TEXT:
            _succeeds(as_root(["rm", "-f", str(POLICY)]))


def _policy_forbids() -> bool:
    try:
        asked = subprocess.run(
            as_root([str(POLICY), "rabbitmq-server", "start"]), capture_output=True, check=False
        )
    except OSError:
        return False
    return asked.returncode == _FORBIDDEN


def _enabled_units() -> set[str]:
    return {link.name for link in _UNITS.glob("*.wants/*")}


def _succeeds(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
