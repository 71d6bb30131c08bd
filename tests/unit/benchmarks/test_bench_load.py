"""Senders: how much they keep on its way, and when paced messages count from."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from benchmarks.load import Load
from benchmarks.payload import Stamp, stamp_of_payload
from benchmarks.progress import Progress

LIMIT_S = 30.0


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(Progress.make(tmp_path / "progress"))


class Receiver:
    """Takes messages and remembers them; whether it counts them as arrived is the test's to say."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Stamp]] = []
        self.takes_s = 0.0

    async def publish(self, room: str, text: str) -> None:
        self.messages.append((room, stamp_of_payload(text.encode())))
        await asyncio.sleep(self.takes_s)


def load_of(receiver: Receiver, progress: Progress, *, senders: int = 4, rooms: int = 2) -> Load:
    return Load(
        receiver.publish,
        [f"room-{number}" for number in range(rooms)],
        phase=3,
        senders=senders,
        sockets_per_room=10,
        progress=progress,
    )


async def until_steady(receiver: Receiver) -> int:
    """How many messages there are once no more come for a while."""
    deadline, seen = time.monotonic() + LIMIT_S, -1
    while not receiver.messages or seen != len(receiver.messages):
        assert time.monotonic() < deadline
        seen = len(receiver.messages)
        await asyncio.sleep(0.1)
    return seen


async def test_no_more_is_on_its_way_than_the_window_allows(progress: Progress) -> None:
    receiver = Receiver()
    load = load_of(receiver, progress)
    load.saturate(window=8)
    assert 8 <= await until_steady(receiver) <= 8 + 3  # senders that looked at the same time
    await load.stop()


async def test_frames_that_arrive_open_the_window(progress: Progress) -> None:
    receiver = Receiver()
    load = load_of(receiver, progress)
    load.saturate(window=8)
    before = await until_steady(receiver)
    progress.frames = 50  # five messages, ten sockets each
    assert await until_steady(receiver) >= before + 5 - 3
    await load.stop()


async def test_what_was_published_is_known_by_room_and_sender(progress: Progress) -> None:
    receiver = Receiver()
    load = load_of(receiver, progress)
    load.saturate(window=8)
    await until_steady(receiver)
    await load.stop()
    counted = {
        room: {
            sender: sum(1 for r, stamp in receiver.messages if (r, stamp.sender) == (room, sender))
            for sender in counts
        }
        for room, counts in load.published.items()
    }
    assert load.published == counted
    assert sum(sum(counts.values()) for counts in counted.values()) == len(receiver.messages)


async def test_a_sender_numbers_its_messages_from_zero(progress: Progress) -> None:
    receiver = Receiver()
    load = load_of(receiver, progress, senders=1, rooms=1)
    load.saturate(window=5)
    await until_steady(receiver)
    await load.stop()
    assert [stamp.sequence for _, stamp in receiver.messages] == list(range(5))
    assert {stamp.phase for _, stamp in receiver.messages} == {3}


async def test_a_failing_backend_is_the_callers_to_hear_of(progress: Progress) -> None:
    class BrokenReceiver(Receiver):
        async def publish(self, room: str, text: str) -> None:
            await super().publish(room, text)
            raise OSError("broken")

    receiver = BrokenReceiver()
    load = load_of(receiver, progress)
    load.saturate(window=8)
    await until_steady(receiver)
    with pytest.raises(OSError, match="broken"):
        await load.stop()


async def test_a_message_that_is_late_counts_from_when_it_was_due(progress: Progress) -> None:
    receiver = Receiver()
    receiver.takes_s = 0.2
    load = load_of(receiver, progress, senders=1, rooms=1)
    load.pace(per_second=50)
    deadline = time.monotonic() + LIMIT_S
    while len(receiver.messages) < 4:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    await load.stop()
    times = [stamp.at_ns / 1e9 for _, stamp in receiver.messages]
    assert load.late >= 2
    assert times[3] - times[1] == pytest.approx(2 / 50, abs=0.001)
