"""A real headless Chromium, and pages in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # which does not start for root, nor in most containers
)
START_LIMIT_MS = 60_000


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium, for one test. Where there is none, the test is skipped; in CI it fails."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        reason = "could not run: no Chromium here; install the Debian package 'chromium'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=program, args=[*QUIET], timeout=START_LIMIT_MS
        )
        yield chromium
        await chromium.close()
