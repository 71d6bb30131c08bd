"""The chat page against both servers, by way of the front door."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from chat_page import ChatPage

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from dev_stack.stack import Stack

TEXTS = (
    "hello",
    "hello",
    "<b>not bold</b> & <script>document.title = 'taken over'</script>",
    "<img src=x onerror=\"document.title = 'taken over'\">",
    "emoji 🎉👩‍👩‍👧‍👦",
    "שלום, 你好",
    "two\n  lines",
    "hello",
    "long ✓ " * 25_000,
)


@pytest.fixture
def all_to_legacy(stack: Stack) -> Iterator[None]:
    """The front door as it is at the start, before and after."""
    stack.front_door.set_share(0)
    yield
    stack.front_door.set_share(0)


@pytest.mark.usefixtures("all_to_legacy")
async def test_the_page_sees_the_same_messages_whichever_server_carries_its_socket(
    browser: Browser, stack: Stack
) -> None:
    ada, ben = (f"{name}-{secrets.token_hex(3)}" for name in ("ada", "ben"))
    address = stack.endpoints.http_url
    old = await ChatPage.open(browser, address)
    await old.sign_up(ada)
    link = await old.start_chat()
    await old.is_connected(server="legacy")

    await asyncio.to_thread(stack.front_door.set_share, 100)
    new = await ChatPage.open(browser, address)
    await new.sign_in(ada)
    await new.join(link)
    await new.is_connected(server="channels")
    guest = await ChatPage.open(browser, link)
    await guest.sign_up(ben)
    await guest.is_connected(server="channels")

    said = await _converse([(old, ada), (guest, ben), (new, ada)])
    for page in (old, new, guest):
        await page.shows(*said)
        assert [json.loads(frame)["message"] for frame in page.frames] == list(TEXTS)
        assert await page.page.title() == "Chatire"
        assert await fits_a_phone(page.page)
        assert page.errors == []
    assert old.frames == new.frames == guest.frames
    assert old.html == new.html
    assert await old.message_html() == await new.message_html()
    assert {url.rpartition("/")[0] for page in (old, new) for url in page.sockets} == {
        stack.endpoints.front_ws_url
    }


@pytest.mark.usefixtures("all_to_legacy")
async def test_a_page_whose_socket_is_closed_reconnects_after_five_seconds_and_misses_nothing(
    browser: Browser, stack: Stack
) -> None:
    ada = f"ada-{secrets.token_hex(3)}"
    moved = await ChatPage.open(browser, stack.endpoints.http_url)
    await moved.sign_up(ada)
    await moved.start_chat()
    await moved.is_connected(server="legacy")
    await moved.say("before")
    await moved.shows((ada, "before"))

    await asyncio.to_thread(stack.front_door.set_share, 100)
    closed = time.monotonic()
    await asyncio.to_thread(_close_sockets, stack.endpoints.haproxy_socket, "legacy")
    await moved.is_reconnecting()
    await moved.say("before")  # equal to the first, and mostly no socket is there to bring it
    await moved.is_connected(server="channels")
    assert time.monotonic() - closed > 4.5
    await moved.shows((ada, "before"), (ada, "before"))
    await moved.say("after")
    await moved.shows((ada, "before"), (ada, "before"), (ada, "after"))
    came = [json.loads(frame)["message"] for frame in moved.frames]
    assert came in (["before", "after"], ["before", "before", "after"])  # the latter when slow
    assert len(moved.sockets) == 2


@pytest.mark.usefixtures("all_to_legacy")
async def test_a_page_that_is_opened_later_has_the_history_and_goes_on_from_it(
    browser: Browser, stack: Stack
) -> None:
    ada = f"ada-{secrets.token_hex(3)}"
    first = await ChatPage.open(browser, stack.endpoints.http_url)
    await first.sign_up(ada)
    link = await first.start_chat()
    await first.is_connected(server="legacy")
    for text in ("same", "same"):
        await first.say(text)
    await first.shows((ada, "same"), (ada, "same"))
    later = await ChatPage.open(browser, link)
    await later.sign_in(ada)
    await later.is_connected(server="legacy")
    await later.shows((ada, "same"), (ada, "same"))
    await first.say("same")
    for page in (first, later):
        await page.shows(*[(ada, "same")] * 3)


async def _converse(speakers: list[tuple[ChatPage, str]]) -> list[tuple[str, str]]:
    """Say the texts in turns, each once the one before has arrived at its speaker."""
    said: list[tuple[str, str]] = []
    for turn, text in enumerate(TEXTS):
        page, name = speakers[turn % len(speakers)]
        await page.say(text)
        said.append((name, text))
        await page.shows(*said)
    return said


def _close_sockets(runtime_socket: str, server: str) -> None:
    """Have HAProxy close every connection that a server carries."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(10)
        link.connect(runtime_socket)
        link.sendall(f"shutdown sessions server ws/{server}\n".encode())
        while link.recv(4096):
            continue


async def fits_a_phone(page: Page) -> bool:
    """Whether nothing hangs out of a narrow window."""
    before = page.viewport_size
    await page.set_viewport_size({"width": 320, "height": 640})
    fits: bool = await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if before is not None:
        await page.set_viewport_size(before)
    return fits
