from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import pytest

from channels_ws.outbox import CloseCode, Outbox, OutboxLimits, TextFrame

speaker: contextvars.ContextVar[str] = contextvars.ContextVar("speaker", default="nobody")


class GoneError(OSError):
    """What ASGI servers raise when the client is gone."""


class Client:
    """What a socket's other end gets. While ``reading`` is not set it takes nothing more."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.closed_with: int | None = None
        self.failure: BaseException | None = None
        self.aborted = False
        self.reading = asyncio.Event()
        self.reading.set()
        self.sent_in: list[str] = []
        self.told: list[CloseCode] = []

    async def send(self, event: dict[str, Any]) -> None:
        """As uvicorn's: waits only while the client does not take what was sent."""
        await self.reading.wait()
        if self.failure is not None:
            raise self.failure
        self.sent_in.append(speaker.get())
        if event["type"] == "websocket.close":
            self.closed_with = event["code"]
        else:
            self.got.append(event["text"])

    def abort(self) -> None:
        self.aborted = True

    def outbox(self, *, frames: int = 10, size: int = 1000, grace_s: float = 5.0) -> Outbox:
        limits = OutboxLimits(frames, size, grace_s)
        outbox = Outbox(self.send, limits, abort=self.abort, on_close=self.told.append)
        outbox.open()
        return outbox


def put(outbox: Outbox, *texts: str) -> list[bool]:
    return [outbox.put(TextFrame.of(text)) for text in texts]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
async def client() -> Client:
    return Client()


async def test_a_frame_is_on_its_way_when_put_returns(client: Client) -> None:
    put(client.outbox(), "a", "b")
    assert client.got == ["a", "b"]


async def test_an_idle_socket_has_no_task(client: Client) -> None:
    before = asyncio.all_tasks()
    put(client.outbox(), "a")
    assert asyncio.all_tasks() == before


async def test_frames_wait_for_the_end_of_the_handshake(client: Client) -> None:
    outbox = Outbox(client.send, OutboxLimits(10, 1000))
    put(outbox, "a", "b")
    assert client.got == []
    outbox.open()
    put(outbox, "c")
    assert client.got == ["a", "b", "c"]


async def test_frames_keep_their_order_while_the_client_pauses(client: Client) -> None:
    outbox = client.outbox(frames=100)
    expected = []
    for number in range(60):
        if number % 20 == 5:
            client.reading.clear()
        if number % 20 == 12:
            client.reading.set()  # what is parked has not gone on yet
        if number % 7 == 0:
            await asyncio.sleep(0)
        expected.append(str(number))
        put(outbox, str(number))
    await until(lambda: client.got == expected)
    put(outbox, "at once again")
    assert client.got[-1] == "at once again"


async def test_a_client_that_pauses_holds_up_nobody_else() -> None:
    stuck, neighbour = Client(), Client()
    stuck.reading.clear()
    outboxes = [stuck.outbox(), neighbour.outbox()]
    for text in ("a", "b"):
        for outbox in outboxes:
            put(outbox, text)
    assert neighbour.got == ["a", "b"]
    stuck.reading.set()
    await until(lambda: stuck.got == ["a", "b"])


@pytest.mark.parametrize(
    ("limits", "texts"),
    [
        ({"frames": 3}, ["x"] * 5),
        ({"size": 10}, ["x" * 6] * 3),
        ({"size": 10}, ["😀"] * 4),  # four bytes each
    ],
)
async def test_a_client_that_does_not_read_is_closed_with_1013(
    client: Client, limits: dict[str, int], texts: list[str]
) -> None:
    outbox = client.outbox(**limits)
    client.reading.clear()
    assert put(outbox, *texts) == [True] * (len(texts) - 1) + [False]
    client.reading.set()
    await until(lambda: client.closed_with is not None)
    assert client.closed_with == CloseCode.TRY_AGAIN_LATER
    assert client.got == texts[:1]  # the one that was on its way
    assert put(outbox, "too late") == [False]


async def test_a_client_that_never_reads_again_is_given_up_and_cut_off(client: Client) -> None:
    outbox = client.outbox(frames=1, grace_s=0.05)
    client.reading.clear()
    put(outbox, "x", "x", "x")
    await until(lambda: client.aborted)
    client.reading.set()
    await asyncio.sleep(0.01)
    assert client.got == []
    assert client.closed_with is None


async def test_a_client_that_is_too_slow_and_takes_no_close_is_cut_off(client: Client) -> None:
    """The server has the close and believes the socket closed; the client reads nothing."""
    outbox = client.outbox(frames=1, grace_s=0.05)
    client.reading.clear()
    put(outbox, "x", "x", "x")
    client.reading.set()
    await until(lambda: client.closed_with is not None)
    outbox.end()
    await until(lambda: client.aborted)


async def test_a_client_that_takes_its_close_is_not_cut_off(client: Client) -> None:
    outbox = client.outbox(grace_s=0.02)
    outbox.close(CloseCode.SERVICE_RESTART)
    assert client.closed_with == CloseCode.SERVICE_RESTART
    await asyncio.sleep(0.05)
    assert not client.aborted


async def test_what_has_been_sent_no_longer_counts(client: Client) -> None:
    outbox = client.outbox(frames=2, size=6)
    for burst in range(1, 11):
        client.reading.clear()
        assert put(outbox, "xyz", "xyz", "xyz") == [True] * 3
        client.reading.set()
        await until(lambda burst=burst: len(client.got) == 3 * burst)  # type: ignore[misc]


async def test_closing_drops_what_waits(client: Client) -> None:
    outbox = Outbox(client.send, OutboxLimits(10, 1000))
    put(outbox, "a")
    outbox.close(CloseCode.SERVICE_RESTART)
    put(outbox, "b")
    assert client.closed_with is None  # nothing can be closed before the handshake is over
    outbox.open()
    assert client.got == []
    assert client.closed_with == CloseCode.SERVICE_RESTART


async def test_a_close_before_the_handshake_is_over_may_wait_longer_than_the_grace(
    client: Client,
) -> None:
    outbox = Outbox(client.send, OutboxLimits(10, 1000, grace_s=0.01))
    outbox.close(CloseCode.SERVICE_RESTART)
    await asyncio.sleep(0.05)
    outbox.open()
    assert client.closed_with == CloseCode.SERVICE_RESTART


async def test_only_the_first_close_counts(client: Client) -> None:
    outbox = client.outbox()
    outbox.close(CloseCode.SERVICE_RESTART)
    outbox.close(CloseCode.TRY_AGAIN_LATER)
    assert client.closed_with == CloseCode.SERVICE_RESTART
    assert client.told == [CloseCode.SERVICE_RESTART]


async def test_a_close_is_told_when_it_begins_though_the_client_takes_nothing(
    client: Client,
) -> None:
    outbox = client.outbox(frames=1)
    client.reading.clear()
    put(outbox, "x", "x", "x")
    assert client.told == [CloseCode.TRY_AGAIN_LATER]


@pytest.mark.parametrize("parked", [False, True])
async def test_a_client_that_is_gone_gets_nothing_more(client: Client, parked: bool) -> None:
    outbox = client.outbox()
    client.failure = GoneError()
    if parked:
        client.reading.clear()
        put(outbox, "a", "b")
        client.reading.set()
        await until(lambda: put(outbox, "c") == [False])
    assert put(outbox, "d") == [False]
    assert (client.got, client.closed_with, client.aborted) == ([], None, False)


@pytest.mark.parametrize("failure", [RuntimeError("broken"), asyncio.CancelledError()])
async def test_a_frame_that_cannot_be_sent_closes_its_socket_and_harms_no_other(
    client: Client, failure: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    class FailsOnce(Client):
        async def send(self, event: dict[str, Any]) -> None:
            if event.get("text") == "secret":
                raise failure
            await super().send(event)

    failing = FailsOnce()
    outboxes = [failing.outbox(), client.outbox()]
    assert [put(outbox, "secret") for outbox in outboxes] == [[False], [True]]
    assert failing.closed_with == CloseCode.INTERNAL_ERROR
    assert client.got == ["secret"]
    assert type(failure).__name__ in caplog.text
    assert "secret" not in caplog.text


async def test_ending_cancels_what_is_parked(client: Client) -> None:
    outbox = client.outbox()
    before = asyncio.all_tasks()
    client.reading.clear()
    put(outbox, "a", "b")
    assert len(asyncio.all_tasks() - before) == 1
    outbox.end()
    await until(lambda: asyncio.all_tasks() == before)
    client.reading.set()
    await asyncio.sleep(0.01)
    assert client.got == []
    assert put(outbox, "c") == [False]


async def test_it_sends_in_the_context_of_its_socket(client: Client) -> None:
    """Whoever puts: the log lines of a middleware belong to the socket."""

    async def serve() -> Outbox:
        speaker.set("this socket")
        outbox = client.outbox()
        put(outbox, "by itself")
        return outbox

    outbox = await asyncio.create_task(serve())
    put(outbox, "by the hub")
    client.reading.clear()
    put(outbox, "parked", "waiting")
    client.reading.set()
    await until(lambda: len(client.got) == 4)
    assert client.sent_in == ["this socket"] * 4


async def test_what_is_put_or_closed_from_within_send_waits_its_turn() -> None:
    class Answering(Client):
        async def send(self, event: dict[str, Any]) -> None:
            text = event.get("text")
            if text == "question":
                put(outbox, "answer")
            elif text == "leave":
                outbox.close(CloseCode.SERVICE_RESTART)
            await super().send(event)

    client = Answering()
    outbox = client.outbox()
    put(outbox, "question")
    assert client.got == ["question", "answer"]
    put(outbox, "leave")
    assert client.got == ["question", "answer", "leave"]
    assert client.closed_with == CloseCode.SERVICE_RESTART


async def test_a_send_that_is_no_coroutine_function_is_awaited_all_the_same(
    client: Client,
) -> None:
    def send(event: dict[str, Any]) -> asyncio.Future[None]:
        return asyncio.ensure_future(client.send(event))

    outbox = Outbox(send, OutboxLimits(10, 1000))
    outbox.open()
    put(outbox, "a", "b")
    await until(lambda: client.got == ["a", "b"])


async def test_a_send_that_waits_several_times_is_driven_to_its_end() -> None:
    got: list[str] = []
    closed: list[int] = []

    async def send(event: dict[str, Any]) -> None:
        for _ in range(3):
            await asyncio.sleep(0.001)
            await asyncio.sleep(0)
        if event["type"] == "websocket.close":
            closed.append(event["code"])
        else:
            got.append(event["text"])

    outbox = Outbox(send, OutboxLimits(10, 1000))
    outbox.open()
    put(outbox, "a", "b")
    await until(lambda: got == ["a", "b"])
    outbox.close(CloseCode.SERVICE_RESTART)
    await until(lambda: closed == [1012])
