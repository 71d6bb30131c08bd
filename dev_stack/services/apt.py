"""Installing packages with apt, without the services that Debian starts along with them.

Debian starts a service as soon as its package is installed, and again at each boot. On somebody's
own machine neither is ours to decide: a policy-rc.d forbids the start for the time of the
installation (invoke-rc.d(8)), and what the installation has enabled is disabled again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from wsmigrate.errors import UnavailableError

POLICY = Path("/usr/sbin/policy-rc.d")

_FORBIDDEN = 101  # the answer of policy-rc.d that forbids an action
_UNITS = Path("/etc/systemd/system")

# In one shell, so that the policy goes away even when whoever started it is killed meanwhile. One
# that was there before forbids the start already: see obstacle().
_INSTALL = f"""\
set -e
policy=$1; shift
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit {_FORBIDDEN}\\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt="apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"
$apt update
$apt install --yes --no-install-recommends "$@"
"""


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
    finished = subprocess.run(
        as_root(["sh", "-c", _INSTALL, "sh", str(POLICY), *packages]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C would leave packages that are half configured
    )
    if finished.returncode != 0:
        said = [line for line in finished.stderr.splitlines() if line.strip()][-3:]
        raise UnavailableError(
            f"apt could not install {' '.join(packages)}: {' | '.join(said)}",
            remedy="Install it by hand.",
        )
    for unit in sorted(_enabled_units() - enabled):
        _succeeds(as_root(["systemctl", "disable", unit]))
        _succeeds(as_root(["update-rc.d", unit.removesuffix(".service"), "disable"]))


def as_root(command: Sequence[str]) -> list[str]:
    """The command as root runs it."""
    return list(command) if os.geteuid() == 0 else ["sudo", "-n", *command]


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
        # In a session of its own, as the installation: sudo may remember who we are per terminal.
        finished = subprocess.run(command, capture_output=True, check=False, start_new_session=True)
    except OSError:
        return False
    return finished.returncode == 0
