from __future__ import annotations

import asyncio

import pytest

from channels_ws.outbox import CloseCode, Outbox, TextFrame


class Client:
    """What a socket's other end gets. While ``reading`` is not set it takes nothing more."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.closed_with: CloseCode | None = None
        self.reading = asyncio.Event()
        self.reading.set()

    async def send(self, text: str) -> None:
        await self.reading.wait()
        self.got.append(text)

    async def close(self, code: CloseCode) -> None:
        self.closed_with = code

    def outbox(self, *, max_frames: int = 10, max_bytes: int = 1000) -> Outbox:
        return Outbox(self.send, self.close, max_frames=max_frames, max_bytes=max_bytes)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def client() -> Client:
    return Client()


async def test_texts_are_sent_in_order(client: Client) -> None:
    outbox = client.outbox()
    outbox.put(TextFrame.of("before it runs"))
    running = asyncio.create_task(outbox.run())
    outbox.put(TextFrame.of("a"))
    await settle()
    outbox.put(TextFrame.of("b"))
    await settle()
    assert client.got == ["before it runs", "a", "b"]
    running.cancel()


@pytest.mark.parametrize(
    ("limits", "texts"),
    [
        ({"max_frames": 3}, ["x"] * 5),
        ({"max_bytes": 10}, ["x" * 6, "x" * 6, "x" * 6]),
        ({"max_bytes": 10}, ["😀", "😀", "😀", "😀"]),
    ],
)
async def test_a_client_that_does_not_read_is_closed_with_1013(
    client: Client, limits: dict[str, int], texts: list[str]
) -> None:
    outbox = client.outbox(**limits)
    client.reading.clear()
    running = asyncio.create_task(outbox.run())
    for text in texts:
        outbox.put(TextFrame.of(text))
        await settle()
    client.reading.set()
    await asyncio.wait_for(running, 1)
    assert client.closed_with is CloseCode.TRY_AGAIN_LATER
    assert len(client.got) <= 1  # the one that was on its way
    assert not outbox.put(TextFrame.of("too late"))


async def test_a_client_that_never_reads_again_is_given_up(client: Client) -> None:
    outbox = Outbox(client.send, client.close, max_frames=1, max_bytes=10, grace_s=0.05)
    client.reading.clear()
    running = asyncio.create_task(outbox.run())
    for _ in range(3):
        outbox.put(TextFrame.of("x"))
        await settle()
    await asyncio.wait_for(running, 1)
    assert client.got == []
    assert client.closed_with is None


async def test_what_has_been_sent_no_longer_counts(client: Client) -> None:
    outbox = client.outbox(max_frames=2, max_bytes=4)
    running = asyncio.create_task(outbox.run())
    for _ in range(10):
        outbox.put(TextFrame.of("xyz"))
        await settle()
    assert len(client.got) == 10
    assert client.closed_with is None
    running.cancel()


async def test_closing_drops_what_waits(client: Client) -> None:
    outbox = client.outbox()
    outbox.put(TextFrame.of("a"))
    outbox.close(CloseCode.SERVICE_RESTART)
    outbox.put(TextFrame.of("b"))
    await asyncio.wait_for(outbox.run(), 1)
    assert client.got == []
    assert client.closed_with is CloseCode.SERVICE_RESTART
