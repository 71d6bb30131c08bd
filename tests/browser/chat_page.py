"""The chat page as a person uses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from playwright.async_api import Browser, Page, WebSocket, expect

LIMIT_MS = 30_000
PASSWORD = "a horse is no battery"


@dataclass
class ChatPage:
    """A tab of its own, and what came into it."""

    page: Page
    html: bytes
    frames: list[str | bytes] = field(default_factory=list)
    sent: list[str | bytes] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, browser: Browser, address: str) -> Self:
        context = await browser.new_context()
        page = await context.new_page()
        page.set_default_timeout(LIMIT_MS)
        tab = cls(page, b"")
        page.on("websocket", tab._watch)
        page.on("pageerror", lambda error: tab.errors.append(str(error)))
        response = await page.goto(address)
        assert response is not None
        tab.html = await response.body()
        return tab

    def _watch(self, socket: WebSocket) -> None:
        self.sockets.append(socket.url)
        socket.on("framereceived", lambda frame: self.frames.append(frame))  # noqa: PLW0108
        socket.on("framesent", lambda frame: self.sent.append(frame))  # noqa: PLW0108

    async def sign_up(self, name: str) -> None:
        await self.page.get_by_test_id("entrance-switch").click()
        await self.sign_in(name)

    async def sign_in(self, name: str) -> None:
        await self.page.get_by_label("Username").fill(name)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_test_id("entrance-submit").click()
        await expect(self.page.get_by_test_id("own-name")).to_have_text(name, timeout=LIMIT_MS)

    async def start_chat(self) -> str:
        """Start a chat, and return the link to share."""
        await self.page.get_by_test_id("new-chat").click()
        link = self.page.get_by_test_id("share-link")
        await expect(link).to_be_visible(timeout=LIMIT_MS)
        return await link.input_value()

    async def join(self, link: str) -> None:
        await self.page.get_by_test_id("join-address").fill(link)
        await self.page.get_by_test_id("join").click()

    async def say(self, text: str) -> None:
        await self.page.get_by_test_id("draft").fill(text)
        await self.page.get_by_test_id("send").click()

    async def is_connected(self, *, server: str = "") -> None:
        """Wait until the socket is open; with ``server``, until the badge names that one."""
        state = self.page.get_by_test_id("connection")
        await expect(state).to_have_attribute("data-state", "open", timeout=LIMIT_MS)
        badge = self.page.get_by_test_id("server")
        if server:
            await expect(badge).to_have_text(f"via {server}", timeout=LIMIT_MS)
        else:
            await expect(badge).to_be_hidden(timeout=LIMIT_MS)

    async def is_reconnecting(self) -> None:
        state = self.page.get_by_test_id("connection")
        await expect(state).to_have_attribute("data-state", "waiting", timeout=LIMIT_MS)

    async def shows(self, *messages: tuple[str, str]) -> None:
        """Wait until the page shows so many messages, and see that they are these, in order."""
        shown = self.page.get_by_test_id("message")
        await expect(shown).to_have_count(len(messages), timeout=LIMIT_MS)
        authors = await shown.get_by_test_id("author").all_text_contents()
        texts = await shown.get_by_test_id("text").all_text_contents()
        assert list(zip(authors, texts, strict=True)) == list(messages)

    async def message_html(self) -> str:
        return await self.page.get_by_test_id("messages").inner_html()
