"""Batches begin together, and not too often."""

from __future__ import annotations

import asyncio
import time

from bridge.rhythm import Rhythm

LONG_S = 0.2


async def test_who_comes_after_a_pause_waits_for_nothing() -> None:
    rhythm = Rhythm(60.0)
    async with asyncio.timeout(5):
        await rhythm.beat()


async def test_who_comes_meanwhile_begins_together_when_the_wait_is_over() -> None:
    rhythm = Rhythm(LONG_S)
    await rhythm.beat()
    began = time.monotonic()
    begun: list[str] = []

    async def begin(name: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await rhythm.beat()
        begun.append(name)
        # Whoever begins at this beat does so before anybody has another turn.
        await asyncio.sleep(0)
        assert len(begun) == 3

    await asyncio.gather(begin("a", 0), begin("b", 0.01), begin("c", 0.02))
    assert time.monotonic() - began >= LONG_S * 0.9


async def test_one_that_gives_up_waiting_keeps_nobody_from_the_beat() -> None:
    rhythm = Rhythm(LONG_S)
    await rhythm.beat()
    impatient = asyncio.create_task(rhythm.beat())
    patient = asyncio.create_task(rhythm.beat())
    await asyncio.sleep(0.01)
    impatient.cancel()
    async with asyncio.timeout(5):
        await patient
    assert impatient.cancelled()
