from __future__ import annotations

import asyncio
import time

import pytest

from wsmigrate.patience import within


async def test_what_comes_in_time_is_the_result() -> None:
    awaited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.01, awaited.set_result, 7)
    assert await within(10, awaited) == 7


async def test_what_does_not_come_is_given_up_and_cancelled() -> None:
    awaited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with pytest.raises(asyncio.TimeoutError):
        await within(0.05, awaited)
    assert awaited.cancelled()


async def test_a_failure_is_raised() -> None:
    awaited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    awaited.set_exception(OSError("broken"))
    with pytest.raises(OSError, match="broken"):
        await within(10, awaited)


async def test_the_time_for_which_the_process_itself_was_stuck_does_not_count() -> None:
    """An answer that takes several turns of the event loop, each of which is slow."""

    async def answer() -> int:
        for _ in range(8):
            await asyncio.sleep(0)
        return 7

    async def hog() -> None:
        while True:
            time.sleep(0.1)  # noqa: ASYNC251 - that is the fault
            await asyncio.sleep(0)

    hogging = asyncio.create_task(hog())
    try:
        assert await within(0.2, asyncio.create_task(answer())) == 7
    finally:
        hogging.cancel()
