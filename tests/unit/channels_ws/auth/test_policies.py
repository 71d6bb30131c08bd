"""Policies that are not what they should be allow nothing, and harm nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from channels_ws.auth.identity import Identity
from channels_ws.auth.policies import Policy
from channels_ws.auth.reasons import Reason
from channels_ws.auth.threads import Threads


def finds_nothing(_user: object, _room: str) -> bool:
    return bool(next(iter(())))


def leaves(_user: object, _room: str) -> bool:
    raise SystemExit(3)


async def leaves_later(_user: object, _room: str) -> bool:
    raise SystemExit(3)


async def was_cancelled(_user: object, _room: str) -> bool:
    raise asyncio.CancelledError


def was_cancelled_in_a_thread(_user: object, _room: str) -> bool:
    raise asyncio.CancelledError


def yields(_user: object, _room: str) -> Iterator[bool]:
    yield False


async def yields_later(_user: object, _room: str) -> AsyncIterator[bool]:
    yield False


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.close()


@pytest.mark.parametrize(
    "hook",
    [
        finds_nothing,
        leaves,
        leaves_later,
        was_cancelled,
        was_cancelled_in_a_thread,
        yields,
        yields_later,
    ],
)
async def test_a_policy_that_gives_no_answer_has_failed(hook: object, threads: Threads) -> None:
    policy = Policy("AUTHORIZE", f"{__name__}.{hook.__name__}", threads)  # type: ignore[attr-defined]
    async with asyncio.timeout(10):
        assert await policy.objection(Identity(None), "room") is Reason.POLICY_FAILED


async def test_a_question_that_is_given_up_is_given_up(threads: Threads) -> None:
    policy = Policy("AUTHORIZE", f"{__name__}.waits", threads)
    asking = asyncio.create_task(policy.objection(Identity(None), "room"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def waits(_user: object, _room: str) -> bool:
    await asyncio.Event().wait()
    return True
