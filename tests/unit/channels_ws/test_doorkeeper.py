from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from channels_ws.admission import NotAdmittedError, Refusal
from channels_ws.doorkeeper import Doorkeeper
from channels_ws.metrics import Metrics
from wsmigrate.config import Config


def scope_of(address: str) -> dict[str, Any]:
    return {"client": (address, 4711), "headers": []}


def doorkeeper(metrics: Metrics | None = None, **limits: Any) -> Doorkeeper:
    return Doorkeeper(replace(Config(), **limits), metrics or Metrics(), lambda _room: False)


async def test_by_default_a_cutover_of_5000_sockets_to_500_rooms_gets_in_from_one_address() -> None:
    """The operator may have forgotten to name the proxy, and all come from its address."""
    keeper = doorkeeper()
    async with asyncio.timeout(5):
        for number in range(5000):
            await keeper.seat(scope_of("10.0.0.1"), f"room-{number % 500}")


async def test_a_place_that_is_given_back_twice_is_given_back_once() -> None:
    keeper = doorkeeper(max_sockets=2)
    first = await keeper.seat(scope_of("a"), "room")
    await keeper.seat(scope_of("a"), "room")
    first.give_back()
    first.give_back()
    await keeper.seat(scope_of("a"), "room")
    with pytest.raises(NotAdmittedError):
        await keeper.seat(scope_of("a"), "room")


async def test_a_room_that_has_to_wait_opens_at_its_time() -> None:
    keeper = doorkeeper(new_rooms_per_s=10.0, new_rooms_burst=1)
    begin = time.monotonic()
    for number in range(4):
        await keeper.seat(scope_of("198.51.100.1"), f"room-{number}")
    assert time.monotonic() - begin >= 0.29


async def test_who_gives_up_while_it_waits_keeps_no_place() -> None:
    keeper = doorkeeper(new_rooms_per_s=1.0, new_rooms_burst=1, max_sockets=2)
    await keeper.seat(scope_of("198.51.100.1"), "room")
    waiting = asyncio.create_task(keeper.seat(scope_of("198.51.100.1"), "another"))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await keeper.seat(scope_of("198.51.100.1"), "room")


async def test_refusals_are_counted_by_reason_and_logged_once_in_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = Metrics()
    keeper = doorkeeper(metrics, address_new_rooms_burst=1, address_new_rooms_per_s=0.001)
    await keeper.seat(scope_of("198.51.100.1"), "room")
    for number in range(100):
        with pytest.raises(NotAdmittedError) as refused:
            await keeper.seat(scope_of("198.51.100.1"), f"secret-{number}")
        assert refused.value.refusal is Refusal.ADDRESS
    labels = {"reason": Refusal.ADDRESS.value}
    refusals = metrics.registry.get_sample_value("wsmigrate_handshakes_refused_total", labels)
    assert refusals == 100
    assert len(caplog.records) == 1
    assert "198.51.100.1" in caplog.text
    assert "secret" not in caplog.text
