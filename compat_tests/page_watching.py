"""``wsmigrate parity page``: a page of the user's own, opened on both servers at once."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.browser import PageRecord, compare_pages, pictures, redirect
from compat_tests.capture.request import Target
from compat_tests.running.options import Side
from compat_tests.running.outcomes import CaseOutcome
from wsmigrate.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from playwright.async_api import Browser

_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-gpu",
    "--no-first-run",
    "--no-sandbox",  # which does not start for root, nor in most containers
)


@dataclass(frozen=True)
class PageOptions:
    """``sockets_at`` is where the page opens its sockets by itself. A page behind a login needs
    ``storage``, a browser state of Playwright with cookies and local storage, or ``script``,
    JavaScript that runs before the page's own."""

    url: str
    sockets_at: str
    servers: Mapping[Side, str]
    program: Path | None = None
    storage: Path | None = None
    script: Path | None = None
    seconds: float = 10.0
    selector: str = "body"
    ignore: str = ""

    def check(self) -> None:
        """Raise ConfigError for what cannot be."""
        for url in (self.sockets_at, *self.servers.values()):
            Target.of(url)
        if not self.url.startswith(("http://", "https://", "file://")):
            raise ConfigError(f"{self.url} is no page: it has to look like http://host/path.")
        try:
            re.compile(self.ignore)
        except re.error as error:
            raise ConfigError(f"--ignore is no regular expression: {error}.") from None


async def watch_page(options: PageOptions) -> tuple[CaseOutcome, dict[str, bytes]]:
    """Open the page once on each server, look for so many seconds, and compare; screenshots by
    caption. Publishes nothing. Raises UnavailableError, ConfigError."""
    options.check()
    try:
        from playwright.async_api import Error, async_playwright  # noqa: PLC0415 - it is large
    except ImportError as error:
        raise UnavailableError(
            "A page needs the package 'playwright', which is not installed.",
            remedy="Install it: pip install playwright. It drives a Chromium that is there.",
        ) from error
    began = time.monotonic()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=options.program, args=[*_ARGUMENTS]
            )
            try:
                outcome, shots = await _watched(browser, options)
            finally:
                await browser.close()
    except Error as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnavailableError(f"The browser could not show the page: {first}") from error
    return replace(outcome, seconds=time.monotonic() - began), shots


async def _watched(browser: Browser, options: PageOptions) -> tuple[CaseOutcome, dict[str, bytes]]:
    began = time.monotonic()
    records = []
    for side in Side:
        storage: Any = options.storage
        context = await browser.new_context(storage_state=storage, bypass_csp=True)
        await redirect(context, options.sockets_at, options.servers[side])
        if options.script is not None:
            await context.add_init_script(path=options.script)
        records.append(PageRecord.of(await context.new_page(), began))
    await asyncio.gather(*(_open(record, options.url) for record in records))
    await asyncio.sleep(options.seconds)
    old, new = records
    for side, record in zip(Side, records, strict=True):
        if not await record.page.locator(options.selector).count():
            raise ConfigError(
                f"The page on the {side.value} server has nothing that fits the selector "
                f"{options.selector!r}.",
                remedy="It may need a login: see --storage and --script.",
            )
    outcome = await compare_pages(
        "page", old, new, selector=options.selector, ignore=options.ignore
    )
    doubts = (*outcome.doubts, *_unused(records, options))
    return replace(outcome, doubts=doubts), await pictures(old, new, "The page")


async def _open(record: PageRecord, url: str) -> None:
    answer = await record.page.goto(url)
    if answer is not None and not answer.ok:
        raise UnavailableError(f"The page {url.partition('?')[0]} was answered {answer.status}.")


def _unused(records: Sequence[PageRecord], options: PageOptions) -> list[str]:
    """Where the page did not open a socket at a server, nothing was proved of it."""
    return [
        f"the page opened no socket at the {side.value} server: it opens none at "
        f"{options.sockets_at} (--sockets-at), or needs a login (--storage, --script)"
        for side, record in zip(Side, records, strict=True)
        if not any(url.startswith(options.servers[side].rstrip("/")) for url in record.sockets)
    ]
