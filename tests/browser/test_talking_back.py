"""The page of a site that asks who listens, and takes messages over the socket."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from browser_needs import could_not_run
from chat_page import LIMIT_MS, ChatPage
from playwright.async_api import expect
from websockets.asyncio.client import connect

from dev_stack.stack import Stack, StackOptions
from wsmigrate.errors import UnavailableError

if TYPE_CHECKING:
    from playwright.async_api import Browser

SWITCHED_ON = {
    "CHATIRE_AUTHORIZE": "chat.policies.members_only",
    "CHATIRE_SOCKET_TOKEN": "1",
    "CHATIRE_INBOUND": "1",
}
TEXTS = ("hello", "hello", "<b>not bold</b>", "emoji 🎉👩‍👩‍👧‍👦", "two\n  lines", "long ✓ " * 5_000)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Stack]:
    """A stack whose clients are all on the new server, which asks who they are."""
    with Stack(StackOptions(extra_env=SWITCHED_ON)) as running:
        try:
            running.start()
        except UnavailableError as error:
            could_not_run(str(error))
        running.front_door.set_share(100)
        yield running


async def test_by_post_and_by_socket_a_message_comes_to_all_members_in_the_same_form(
    browser: Browser, guarded: Stack
) -> None:
    ada, ben = (f"{name}-{secrets.token_hex(3)}" for name in ("ada", "ben"))
    first = await ChatPage.open(browser, guarded.endpoints.http_url)
    await first.sign_up(ada)
    link = await first.start_chat()
    await first.is_connected(server="channels")
    guest = await ChatPage.open(browser, link)
    await guest.sign_up(ben)
    await guest.is_connected(server="channels")

    old_server = f"{guarded.endpoints.legacy_ws_url}/{link.rpartition('/')[2]}"
    async with connect(old_server, max_size=None) as on_the_old_server:
        await _say_by_both_ways(first, guest, ada)
        old_frames = [await on_the_old_server.recv() for _ in first.frames]
    assert old_frames == first.frames == guest.frames
    half = len(TEXTS)
    assert first.frames[:half] == first.frames[half:]
    assert [json.loads(text)["message"] for text in first.sent] == list(TEXTS)
    assert first.errors == guest.errors == []
    assert "eyJ" not in str(first.sockets)  # no token in an address

    later = await ChatPage.open(browser, link)
    await later.sign_in(ben)
    await later.shows(*[(ada, text) for text in TEXTS * 2])  # both ways save


async def _say_by_both_ways(first: ChatPage, guest: ChatPage, name: str) -> None:
    said: list[tuple[str, str]] = []
    for by_socket in (False, True):
        await first.page.get_by_test_id("by-socket").set_checked(by_socket)
        for text in TEXTS:
            await first.say(text)
            said.append((name, text))
            await first.shows(*said)
    await guest.shows(*said)


async def test_what_the_server_refuses_is_told_and_the_text_is_not_lost(
    browser: Browser, guarded: Stack
) -> None:
    page = await ChatPage.open(browser, guarded.endpoints.http_url)
    await page.sign_up(f"ada-{secrets.token_hex(3)}")
    await page.start_chat()
    await page.is_connected(server="channels")
    await page.page.get_by_test_id("by-socket").check()
    too_long = "x" * ((1 << 20) + 1)
    await page.say(too_long)
    problem = page.page.get_by_test_id("send-problem")
    await expect(problem).to_contain_text("Not sent.", timeout=LIMIT_MS)
    await expect(problem).to_contain_text("1048576 are allowed")
    assert await page.page.get_by_test_id("draft").input_value() == too_long


async def test_who_does_not_say_who_they_are_cannot_listen(
    browser: Browser, guarded: Stack
) -> None:
    page = await ChatPage.open(browser, guarded.endpoints.http_url)
    await page.sign_up(f"ada-{secrets.token_hex(3)}")
    link = await page.start_chat()
    await page.is_connected(server="channels")
    room = link.rpartition("/")[2]
    address = f"{guarded.endpoints.front_ws_url}/{room}"
    opened = await page.page.evaluate(
        """(address) => new Promise((resolve) => {
             const socket = new WebSocket(address);
             socket.onopen = () => resolve(true);
             socket.onclose = () => resolve(false);
           })""",
        address,
    )
    assert opened is False
