"""The same frontend on both servers, in a real browser: what it gets, and what it shows."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.cases.case import Case
from compat_tests.running.options import Side
from compat_tests.running.outcomes import CaseOutcome
from wsmigrate.errors import UnavailableError
from wsmigrate.parity.comparison import Yardstick, compare_messages
from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.frames import Opcode
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.payload_change import first_difference

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, WebSocket

_AROUND = 60
_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-gpu",
    "--no-first-run",
    "--no-sandbox",  # which does not start for root, nor in most containers
)
# The page opens its sockets where it always does; the browser takes another server for it.
_REDIRECT = """
(() => {
  const Original = window.WebSocket;
  window.WebSocket = new Proxy(Original, {
    construct(target, [url, ...rest]) {
      const text = String(new URL(url, location.href));
      const there = text.startsWith(FROM) ? TO + text.slice(FROM.length) : text;
      return new target(there, ...rest);
    },
  });
})();
"""


async def redirect(context: BrowserContext, sockets_at: str, server: str) -> None:
    """Have all pages of a context open their sockets at ``server`` that they would open at
    ``sockets_at`` (``ws://host:port``). Where the page has a policy (CSP), the context has to
    bypass it."""
    script = _REDIRECT.replace("FROM", json.dumps(sockets_at.rstrip("/")))
    await context.add_init_script(script.replace("TO", json.dumps(server.rstrip("/"))))


@dataclass
class PageRecord:
    """A page, what its sockets got, and what went wrong in it."""

    page: Page
    messages: list[DataMessage] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> PageRecord:
        """Begin to record, before the page is opened."""
        record = cls(page)
        page.on("websocket", record._watch)
        page.on("pageerror", lambda error: record.errors.append(str(error)))
        return record

    def _watch(self, socket: WebSocket) -> None:
        self.sockets.append(socket.url)
        socket.on("framereceived", self._take)

    def _take(self, payload: str | bytes) -> None:
        if isinstance(payload, str):
            self.messages.append(DataMessage(payload.encode("utf-8", "surrogatepass"), Opcode.TEXT))
        else:
            self.messages.append(DataMessage(payload, Opcode.BINARY))


async def compare_pages(
    name: str, old: PageRecord, new: PageRecord, *, selector: str = "body", ignore: str = ""
) -> CaseOutcome:
    """The messages of both pages, what they show under ``selector``, and their errors. ``ignore``
    is a regular expression for what may differ in the DOM (the name of the server, say)."""
    comparison = compare_messages(old.messages, new.messages, Yardstick())
    differences = [*comparison.differences]
    shown = [await record.page.inner_html(selector) for record in (old, new)]
    if ignore:
        shown = [re.sub(ignore, "", one) for one in shown]
    if shown[0] != shown[1]:
        differences.append(_dom_difference(shown[0], shown[1]))
    if old.errors != new.errors:
        detail = f"errors in the page: {old.errors} and {new.errors}"
        differences.append(Difference(Kind.PAGE, "", "", detail=detail))
    if len(old.sockets) != len(new.sockets):
        detail = f"the page opened {len(old.sockets)} and {len(new.sockets)} sockets"
        differences.append(Difference(Kind.PAGE, "", "", detail=detail))
    return CaseOutcome(
        Case(name, "the same page on both servers", (), (), group="browser"),
        comparison.compared,
        comparison.matched,
        tuple(replace(one, room=name, client="browser", case=name) for one in differences),
        () if comparison.compared else ("the pages got no message",),
    )


async def pictures(old: PageRecord, new: PageRecord, moment: str) -> dict[str, bytes]:
    """Screenshots of both pages, by caption."""
    return {
        f"{moment}, on the {side} server": await record.page.screenshot()
        for side, record in (("old", old), ("new", new))
    }


@dataclass(frozen=True)
class PageOptions:
    """``sockets_at`` is where the page opens its sockets by itself. ``storage`` is a browser state
    of Playwright, with cookies and local storage: a page behind a login needs one."""

    url: str
    sockets_at: str
    servers: Mapping[Side, str]
    program: Path | None = None
    storage: Path | None = None
    seconds: float = 10.0
    selector: str = "body"
    ignore: str = ""


async def watch_page(options: PageOptions) -> tuple[CaseOutcome, dict[str, bytes]]:
    """Open the page once on each server, look for so many seconds, and compare. Publishes nothing.
    Raises UnavailableError."""
    try:
        from playwright.async_api import Error, async_playwright  # noqa: PLC0415 - it is large
    except ImportError as error:
        raise UnavailableError(
            "A page needs the package 'playwright', which is not installed."
        ) from error
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=options.program, args=[*_ARGUMENTS]
            )
            try:
                return await _watched(browser, options)
            finally:
                await browser.close()
    except Error as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnavailableError(f"The browser could not show the page: {first}") from error


async def _watched(browser: Browser, options: PageOptions) -> tuple[CaseOutcome, dict[str, bytes]]:
    records: list[PageRecord] = []
    for side in Side:
        storage: Any = options.storage
        context = await browser.new_context(storage_state=storage, bypass_csp=True)
        await redirect(context, options.sockets_at, options.servers[side])
        record = PageRecord.of(await context.new_page())
        records.append(record)
    await asyncio.gather(*(record.page.goto(options.url) for record in records))
    await asyncio.sleep(options.seconds)
    old, new = records
    outcome = await compare_pages(
        "page", old, new, selector=options.selector, ignore=options.ignore
    )
    return outcome, await pictures(old, new, "The page")


def _dom_difference(old: str, new: str) -> Difference:
    place = first_difference(old.encode("utf-8"), new.encode("utf-8"))
    start = max(0, place - _AROUND // 2)
    shown = [
        one.encode("utf-8")[start : start + _AROUND].decode("utf-8", "replace")
        for one in (old, new)
    ]
    detail = f"the page shows …{shown[0]!r}… on one side and …{shown[1]!r}… on the other"
    return Difference(Kind.PAGE, "", "", old, new, detail=detail)
