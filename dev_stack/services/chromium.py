"""Chromium, for the tests of pages."""

from __future__ import annotations

import shutil
from pathlib import Path

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed_program() -> Path | None:
    """A Chromium or Chrome on PATH."""
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    return Path(found) if found else None
