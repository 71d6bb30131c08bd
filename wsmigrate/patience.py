"""Waiting for an answer for a set time, of which only what this process was awake for counts."""

from __future__ import annotations

import asyncio
from typing import TypeVar

T = TypeVar("T")

SLICES = 32


async def within(seconds: float, awaited: asyncio.Future[T]) -> T:
    """The result of ``awaited``, which is cancelled where it takes longer: asyncio.TimeoutError.

    The time goes by in slices, and between any two the event loop has a turn. So a process that is
    starved, frozen or busy for a while does not take its own silence for that of the other side,
    whose answer lies in the socket meanwhile.
    """
    try:
        for _ in range(SLICES):
            await asyncio.wait({awaited}, timeout=seconds / SLICES)
            if awaited.done():
                return awaited.result()
        raise asyncio.TimeoutError
    finally:
        awaited.cancel()
