"""The chat page on both servers at once: same messages, same order, same DOM, and the same
behaviour when the server is restarted."""

from __future__ import annotations

import os
import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chat_page import ChatPage

from compat_tests.browser import PageRecord, compare_pages, pictures, redirect
from compat_tests.reports import page as report_page
from compat_tests.running.outcomes import CaseVerdict, SuiteOutcome

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext

    from dev_stack.stack import Stack

TEXTS = ("hello", "hello", "<b>not bold</b>", "emoji 👩‍👩‍👧‍👦", "שלום", "two\n  lines", "é e\u0301")

MESSAGES = "[data-testid=messages]"


class Redirected:
    """A browser whose pages open their sockets at another server."""

    def __init__(self, browser: Browser, sockets_at: str, server: str) -> None:
        self._browser = browser
        self._places = sockets_at, server

    async def new_context(self) -> BrowserContext:
        # The page's policy (CSP) allows sockets at the front door only.
        context = await self._browser.new_context(
            viewport={"width": 900, "height": 700}, bypass_csp=True
        )
        await redirect(context, *self._places)
        return context


async def opened(browser: Any, address: str) -> tuple[ChatPage, PageRecord]:
    tab = await ChatPage.open(browser, address)
    return tab, PageRecord.of(tab.page)


async def test_the_page_is_the_same_on_both_servers_also_when_they_are_restarted(
    browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    ends = stack.endpoints
    servers = (ends.legacy_ws_url, ends.channels_ws_url)
    old_browser, new_browser = (Redirected(browser, ends.front_ws_url, url) for url in servers)
    ada = f"ada-{secrets.token_hex(3)}"
    old, old_record = await opened(old_browser, ends.http_url)
    await old.sign_up(ada)
    link = await old.start_chat()
    new, new_record = await opened(new_browser, ends.http_url)
    await new.sign_in(ada)
    await new.join(link)
    for tab, url in ((old, servers[0]), (new, servers[1])):
        await tab.is_connected()
        assert [one.rpartition("/")[0] for one in tab.sockets] == [url]

    said = []
    for number, words in enumerate(TEXTS):
        await (old, new)[number % 2].say(words)
        said.append((ada, words))
        for tab in (old, new):
            await tab.shows(*said)
    old_record.sockets[:], new_record.sockets[:] = old.sockets, new.sockets
    before = await compare_pages("chat", old_record, new_record, selector=MESSAGES)
    shots = await pictures(old_record, new_record, "After the conversation")

    for part in ("legacy", "channels"):
        os.kill(stack.endpoints.pids[part][0], signal.SIGKILL)
    for tab in (old, new):
        await tab.is_reconnecting()
    for tab in (old, new):
        await tab.is_connected()
    await old.say("after")
    said.append((ada, "after"))
    for tab in (old, new):
        await tab.shows(*said)
    old_record.sockets[:], new_record.sockets[:] = ["x"], ["x"]  # how often each tried is its own
    after = await compare_pages("chat", old_record, new_record, selector=MESSAGES)
    shots |= await pictures(old_record, new_record, "After the restart of both servers")

    assert (before.compared, before.differences) == (len(TEXTS), ())
    assert after.differences == ()
    assert before.verdict is after.verdict is CaseVerdict.MATCHED
    report = tmp_path / "report.html"
    report.write_text(report_page.to_text(SuiteOutcome([before, after]), shots))
    assert report.read_text().count("data:image/png;base64,") == 4


async def test_a_page_that_shows_something_else_is_a_difference(browser: Browser) -> None:
    records = []
    for body in ("<p>one</p>", "<p>another</p>"):
        page = await (await browser.new_context()).new_page()
        record = PageRecord.of(page)
        await page.set_content(body)
        records.append(record)
    outcome = await compare_pages("pages", *records)
    assert [one.kind.value for one in outcome.mismatched] == ["page"]
    assert "another" in outcome.mismatched[0].detail
