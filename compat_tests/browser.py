"""The same frontend on both servers, in a real browser: what it gets, and what it shows."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from compat_tests.cases.case import Case
from compat_tests.running.outcomes import CaseOutcome
from wsmigrate.parity.comparison import Yardstick, compare_messages
from wsmigrate.parity.differences import Difference, Kind
from wsmigrate.parity.frames import Opcode, WireFrame
from wsmigrate.parity.messages import DataMessage
from wsmigrate.parity.payload_change import first_difference
from wsmigrate.parity.recording import SocketRecording

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, WebSocket

_AROUND = 60
_EVEN_S = 5.0
_TO_SHOW_S = 0.05
_YOUNG_S = 1.0
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
    began: float = field(default_factory=time.monotonic)
    messages: list[DataMessage] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page, began: float | None = None) -> PageRecord:
        """Begin to record, before the page is opened; times count from ``began``."""
        record = cls(page) if began is None else cls(page, began)
        page.on("websocket", record._watch)
        page.on("pageerror", lambda error: record.errors.append(str(error)))
        return record

    def _watch(self, socket: WebSocket) -> None:
        self.sockets.append(socket.url)
        socket.on("framereceived", self._take)

    def recording(self, client: str, room: str) -> SocketRecording:
        """What its sockets got, for a timeline."""
        frames = tuple(WireFrame(one.opcode, one.content, one.at) for one in self.messages)
        return SocketRecording(client, room, None, frames)

    def _take(self, payload: str | bytes) -> None:
        at = time.monotonic() - self.began
        if isinstance(payload, str):
            content, opcode = payload.encode("utf-8", "surrogatepass"), Opcode.TEXT
        else:
            content, opcode = payload, Opcode.BINARY
        self.messages.append(DataMessage(content, opcode, at=at))


async def compare_pages(
    name: str, old: PageRecord, new: PageRecord, *, selector: str = "body", ignore: str = ""
) -> CaseOutcome:
    """The messages of both pages, what they show under ``selector``, and their errors. ``ignore``
    is a regular expression for what may differ in the DOM (the name of the server, say).

    They are looked at in a moment in which both have got as many messages, so that one that is a
    message ahead is not taken for a difference. Pages that never are that even are compared by
    their messages only, without the youngest ones.
    """
    shown = await _shown_when_even((old, new), selector)
    doubts = [] if shown else ["the page never stood still: what it shows was not compared"]
    before, after = map(list, from_the_first_common(old.messages, new.messages))
    _cut_youngest(before, after)
    comparison = compare_messages(before, after, Yardstick())
    differences = [*comparison.differences]
    if ignore:
        shown = [re.sub(ignore, "", one) for one in shown]
    if shown and shown[0] != shown[1]:
        differences.append(_dom_difference(shown[0], shown[1]))
    if old.errors != new.errors:
        detail = f"errors in the page: {old.errors} and {new.errors}"
        differences.append(Difference(Kind.PAGE, "", "", detail=detail))
    if len(old.sockets) != len(new.sockets):
        detail = f"the page opened {len(old.sockets)} and {len(new.sockets)} sockets"
        differences.append(Difference(Kind.PAGE, "", "", detail=detail))
    if not comparison.compared:
        doubts.append("the pages got no message")
    return CaseOutcome(
        Case(name, "the same page on both servers", (), (), group="browser"),
        comparison.compared,
        comparison.matched,
        tuple(replace(one, room=name, client="browser", case=name) for one in differences),
        tuple(doubts),
        recordings={"old": old.recording("old", name), "new": new.recording("browser", name)},
    )


async def _shown_when_even(records: Sequence[PageRecord], selector: str) -> list[str]:
    """What the pages show; empty if no moment comes in which they are even. Raises Playwright's
    Error where nothing fits the selector."""

    def ahead() -> tuple[int, int]:
        old, new = (record.messages for record in records)
        before, after = from_the_first_common(old, new)
        return len(before) - len(after), len(new)

    deadline = time.monotonic() + _EVEN_S
    while time.monotonic() < deadline:
        begun = ahead()
        await asyncio.sleep(_TO_SHOW_S)
        shown = [await record.page.inner_html(selector) for record in records]
        if begun == ahead() and not begun[0]:
            return shown
    # Where one lacks messages for good, what they show is a difference like any other.
    is_moving = any(
        record.messages and time.monotonic() - record.began - record.messages[-1].at < _YOUNG_S
        for record in records
    )
    return [] if is_moving else shown


def _cut_youngest(old: list[DataMessage], new: list[DataMessage]) -> None:
    """Leave out what only the one that is ahead has, where it came a moment ago."""
    longer, shorter = (old, new) if len(old) > len(new) else (new, old)
    youngest = longer[-1].at if longer else 0.0
    while len(longer) > len(shorter) > 0 and youngest - longer[-1].at < _YOUNG_S:
        longer.pop()


def from_the_first_common(
    old: Sequence[DataMessage], new: Sequence[DataMessage]
) -> tuple[Sequence[DataMessage], Sequence[DataMessage]]:
    """Both without what one page got before the other one's socket was open. What each has alone
    before the first message that both have is a difference, and stays."""
    places = {message.content: place for place, message in reversed([*enumerate(old)])}
    for place, message in enumerate(new):
        first = places.get(message.content)
        if first is not None:
            return (old, new) if place and first else (old[first:], new[place:])
    return old, new


async def pictures(old: PageRecord, new: PageRecord, moment: str) -> dict[str, bytes]:
    """Screenshots of both pages, by caption."""
    return {
        f"{moment}, on the {side} server": await record.page.screenshot()
        for side, record in (("old", old), ("new", new))
    }


def _dom_difference(old: str, new: str) -> Difference:
    place = first_difference(old.encode("utf-8"), new.encode("utf-8"))
    start = max(0, place - _AROUND // 2)
    shown = [
        one.encode("utf-8")[start : start + _AROUND].decode("utf-8", "replace")
        for one in (old, new)
    ]
    detail = f"the page shows …{shown[0]!r}… on one side and …{shown[1]!r}… on the other"
    return Difference(Kind.PAGE, "", "", old, new, detail=detail)
