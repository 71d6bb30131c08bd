"""Futures that are given up in time."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from channels_ws.layers.deadlines import Deadlines


async def test_a_future_that_is_done_in_time_is_left_alone() -> None:
    deadlines = Deadlines(0.1, TimeoutError)
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()
    deadlines.watch(future, loop)
    future.set_result(1)
    await asyncio.sleep(1.5)
    assert future.result() == 1


async def test_futures_that_are_not_done_are_given_up_and_younger_ones_are_not() -> None:
    deadlines = Deadlines(1.5, TimeoutError)
    loop = asyncio.get_running_loop()
    old: asyncio.Future[int] = loop.create_future()
    young: asyncio.Future[int] = loop.create_future()
    deadlines.watch(old, loop)
    await asyncio.sleep(1.4)
    deadlines.watch(young, loop)
    with pytest.raises(TimeoutError):
        await old
    assert not young.done()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(young), 20)
    assert young.done()


def test_event_loops_that_are_closed_are_let_go() -> None:
    deadlines = Deadlines(60.0, TimeoutError)
    loops = []

    async def send() -> None:
        loop = asyncio.get_running_loop()
        loops.append(weakref.ref(loop))
        future: asyncio.Future[int] = loop.create_future()
        deadlines.watch(future, loop)
        loop.call_soon(future.set_result, 1)
        await future

    for _ in range(5):
        asyncio.run(send())
    gc.collect()
    assert [loop() for loop in loops] == [None] * 5
