from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from channels_ws.auth import expiry
from channels_ws.auth.expiry import ExpiryTimer


@dataclass
class WallClock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """A wall clock that only the test moves, and a timer that looks at it often."""
    monkeypatch.setattr(expiry, "_LOOK_AGAIN_S", 0.01)
    return WallClock()


async def test_it_acts_when_the_time_has_come(clock: WallClock) -> None:
    expired = asyncio.Event()
    ExpiryTimer(clock.now + 60, expired.set, clock).start()
    clock.now += 59
    await asyncio.sleep(0.1)
    assert not expired.is_set()
    clock.now += 1
    await asyncio.wait_for(expired.wait(), 10)


async def test_a_clock_that_is_set_forward_is_noticed_and_one_that_is_set_back_too(
    clock: WallClock,
) -> None:
    expired = asyncio.Event()
    ExpiryTimer(clock.now + 0.5, expired.set, clock).start()
    clock.now -= 3600
    await asyncio.sleep(1)
    assert not expired.is_set()
    clock.now += 7200
    await asyncio.wait_for(expired.wait(), 10)


async def test_a_token_that_has_expired_already_ends_at_once(clock: WallClock) -> None:
    expired = asyncio.Event()
    ExpiryTimer(clock.now - 1, expired.set, clock).start()
    assert expired.is_set()


async def test_a_token_that_is_valid_for_ages_is_no_trouble() -> None:
    timer = ExpiryTimer(1e18, lambda: pytest.fail("it did expire"))
    timer.start()
    await asyncio.sleep(0.05)
    timer.cancel()


async def test_a_timer_that_is_cancelled_does_nothing(clock: WallClock) -> None:
    timer = ExpiryTimer(clock.now + 0.01, lambda: pytest.fail("it was cancelled"), clock)
    timer.start()
    timer.cancel()
    clock.now += 1
    await asyncio.sleep(0.1)
