"""django-notifs 3.0 beside the installed 4.0: a folder to put on PYTHONPATH."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parents[1]
_REQUIREMENTS = _CHECKOUT / "requirements" / "django-notifs-3.txt"


def old_notifs_folder() -> Path:
    """The folder, made when it is missing. Where it cannot be made the test is skipped, and fails
    in CI."""
    digest = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = _CHECKOUT / ".cache" / f"django-notifs-3-{digest}"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:  # test processes may ask side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "notifications").is_dir():
            _install_into(folder)
    return folder


def _install_into(folder: Path) -> None:
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder)
    done = subprocess.run(
        [*pip, "--requirement", _REQUIREMENTS], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reason = f"could not run: django-notifs 3 cannot be installed: {done.stderr[-300:]}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
