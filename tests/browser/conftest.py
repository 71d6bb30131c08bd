"""A real headless Chromium, and the whole stack for its pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from browser_needs import could_not_run
from playwright.async_api import Browser, async_playwright

from dev_stack.services.chromium import installed_program
from dev_stack.stack import Stack
from wsmigrate.errors import UnavailableError

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
    program = installed_program()
    if program is None:
        could_not_run("No Chromium here. Install the Debian package 'chromium'.")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=program, args=[*QUIET], timeout=START_LIMIT_MS
        )
        yield chromium
        await chromium.close()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Services, both servers, bridge, site and front door, for all tests of pages."""
    with Stack() as running:
        try:
            running.start()
        except UnavailableError as error:
            could_not_run(str(error))
        yield running
