"""Packages of long ago for the Python 3.9 of tests/seed_env.py: folders to put on PYTHONPATH."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[1]


def old_packages(python: Path, requirements: str) -> Path:
    """The folder with what a file in requirements/ lists, and nothing that it pulls in; made when
    it is missing. Raises RuntimeError, with what pip said, when it cannot be made."""
    source = _CHECKOUT / "requirements" / requirements
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    folder = _CHECKOUT / ".cache" / f"{source.stem}-{digest}"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:  # test processes may ask side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(python, source, folder)
            (folder / "complete").touch()
    return folder


def _install(python: Path, source: Path, folder: Path) -> None:
    pip = (python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation")
    done = subprocess.run(
        [*pip, "--target", folder, "--upgrade", "--requirement", source],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{source.name} cannot be installed: {done.stderr[-500:]}")
