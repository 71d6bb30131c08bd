"""The old environment: a Python 3.9 with requirements/legacy-seed.txt, made once per checkout.

python tests/seed_env.py        makes it if need be, and prints its Python
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_PYTHON = "could not run: no Python 3.9 here"

_CHECKOUT = Path(__file__).resolve().parent.parent
_REQUIREMENTS = _CHECKOUT / "requirements" / "legacy-seed.txt"
_ENVIRONMENT = _CHECKOUT / ".venv-seed"
_LOCK = _CHECKOUT / ".cache" / "venv-seed.lock"
_STAMP = "requirements.sha256"
_BUILD_TOOLS = ("setuptools==", "wheel==")


def seed_python() -> Path | None:
    """The Python of the old environment, made now if it is missing, incomplete or outdated (takes
    about a minute; processes that ask at the same time wait). None where there is no Python 3.9.

    Raises RuntimeError, with what pip said, when the packages cannot be installed.
    """
    with _locked():
        if not _is_current():
            python = _find_python_39()
            if python is None:
                return None
            _make(python)
    return _ENVIRONMENT / "bin" / "python"


def _is_current() -> bool:
    stamp = _ENVIRONMENT / _STAMP
    python = _ENVIRONMENT / "bin" / "python"  # a link to a Python that may be gone by now
    return python.exists() and stamp.is_file() and stamp.read_text() == _digest()


def _digest() -> str:
    return hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()


def _find_python_39() -> Path | None:
    on_path = shutil.which("python3.9")
    installed = sorted(Path.home().glob(".pyenv/versions/3.9*/bin/python"))
    candidates = ([Path(on_path)] if on_path else []) + installed
    return next(filter(None, map(_real_python_39, candidates)), None)


def _real_python_39(candidate: Path) -> Path | None:
    """What really runs: a version manager's stand-in on PATH may be there and start nothing."""
    code = "import ensurepip, sys; assert sys.version_info[:2] == (3, 9); print(sys.executable)"
    done = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _make(python: Path) -> None:
    """Made in place, because the scripts of a virtual environment hold its path; the stamp comes
    last and says that it is complete."""
    shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
    _run(python, "-m", "venv", _ENVIRONMENT)
    pip = (_ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet")
    pinned = _REQUIREMENTS.read_text().splitlines()
    _run(*pip, *(line for line in pinned if line.startswith(_BUILD_TOOLS)))
    _run(*pip, "--no-build-isolation", "-r", _REQUIREMENTS)
    (_ENVIRONMENT / _STAMP).write_text(_digest())


def _run(*command: str | Path) -> None:
    environ = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise RuntimeError(f"could not make the Python 3.9 environment:\n{said}")


@contextmanager
def _locked() -> Iterator[None]:
    _LOCK.parent.mkdir(exist_ok=True)
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.stdout.write(f"{seed_python() or NO_PYTHON}\n")
