"""A chat page that stays open while the whole cutover goes by, and back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_needs import could_not_run
from chat_page import ChatPage
from playwright.async_api import WebSocket, expect

from dev_stack.demo.site import Account, Site
from dev_stack.rehearsal.course import course_of
from dev_stack.rehearsal.load import usual_load
from dev_stack.rehearsal.operated import OperatedStack, operated
from dev_stack.stack import Stack, StackOptions
from wsmigrate.errors import UnavailableError

if TYPE_CHECKING:
    from playwright.async_api import Browser

LOAD = usual_load(1, 1, 1.0, percentages=(100,), rollbacks="none", gates_window_s=2.0)
EVERY_S = 0.4
UNDER_WAY_S = 2.0
LIMIT_MS = 60_000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[OperatedStack]:
    """A stack at the beginning of its cutover, and its operator."""
    with Stack(StackOptions(entrance=True, extra_env={"LEGACY_WS_PROCESSES": "2"})) as stack:
        try:
            stack.start()
        except UnavailableError as error:
            could_not_run(str(error))
        with operated(stack, LOAD, tmp_path) as found:
            yield found


@dataclass
class Talker:
    """Somebody who says something all the time, over the REST API."""

    api: Site
    account: Account
    room: str
    said: dict[str, float] = field(default_factory=dict)

    async def talk(self) -> None:
        for number in itertools.count():
            text = f"number {number}"
            await self.api.send(self.room, self.account, text)
            self.said[text] = time.monotonic()
            await asyncio.sleep(EVERY_S)


@contextlib.asynccontextmanager
async def talking(talker: Talker) -> AsyncIterator[None]:
    task = asyncio.create_task(talker.talk())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@dataclass
class Times:
    """When the page's sockets opened and ended."""

    opened: list[float] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)

    def follow(self, socket: WebSocket) -> None:
        self.opened.append(time.monotonic())
        socket.on("close", lambda _: self.closed.append(time.monotonic()))

    def was_away(self, at: float) -> bool:
        """Whether the page may have been without a socket, or one was about to end."""
        return any(
            closed - UNDER_WAY_S <= at <= opened + UNDER_WAY_S
            for closed, opened in zip(self.closed, [*self.opened[1:], float("inf")], strict=False)
        )


async def test_the_page_lives_through_the_whole_cutover_and_back_and_shows_no_error(
    browser: Browser, site: OperatedStack
) -> None:
    stack, operator = site.stack, site.operator
    async with Site(stack.endpoints.http_url) as api:
        account = await api.sign_up("bot", "Bo", "T")
        room = await api.make_chat(account)
        tab = await ChatPage.open(browser, f"{stack.endpoints.http_url}/#/{room}")
        times = Times()
        tab.page.on("websocket", times.follow)
        await tab.sign_up("ada")
        await tab.is_connected()  # straight to the old server: no front door names one
        servers = ["legacy"]
        talker = Talker(api, account, room)
        async with talking(talker):
            for step in course_of(LOAD):
                await asyncio.to_thread(operator.reach, step, lambda: "resume", lambda: None)
                assert [call.status for call in operator.calls] == [0] * len(operator.calls)
                await _goes_on(tab, talker)
                servers.append(await _server(tab))
    await _shows_all(tab, talker)
    _came_once_apart_from_gaps(tab, talker, times)
    # Straight, by the front door after the drain, and back to the old server over the front door.
    assert servers[0] == "legacy"
    assert set(servers[4:8]) == {"via channels"}
    assert servers[-1] == "via legacy"
    assert len(times.closed) <= 3
    assert tab.errors == []
    for problem in await tab.page.locator(".problem").all():
        assert (await problem.text_content() or "").strip() == ""


async def _goes_on(tab: ChatPage, talker: Talker) -> None:
    """Connected, and what is said from now on comes."""
    await expect(tab.page.get_by_test_id("connection")).to_have_attribute(
        "data-state", "open", timeout=LIMIT_MS
    )
    frames, said = len(tab.frames), len(talker.said)
    async with asyncio.timeout(LIMIT_MS / 1000):
        while len(tab.frames) < frames + 3 or len(talker.said) < said + 3:
            await asyncio.sleep(0.1)


async def _server(tab: ChatPage) -> str:
    badge = tab.page.get_by_test_id("server")
    return (await badge.text_content() or "").strip() if await badge.is_visible() else ""


async def _shows_all(tab: ChatPage, talker: Talker) -> None:
    shown = tab.page.get_by_test_id("message")
    await expect(shown).to_have_count(len(talker.said), timeout=LIMIT_MS)
    assert await shown.get_by_test_id("text").all_text_contents() == list(talker.said)


def _came_once_apart_from_gaps(tab: ChatPage, talker: Talker, times: Times) -> None:
    came = [json.loads(frame)["message"] for frame in tab.frames]
    assert len(set(came)) == len(came)
    order = list(talker.said)
    assert sorted(came, key=order.index) == came
    missing = set(order) - set(came)
    assert [text for text in missing if not times.was_away(talker.said[text])] == []
