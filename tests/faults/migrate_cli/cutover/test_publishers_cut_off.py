"""Publishers lose PostgreSQL, and with it the state: they publish to both sides, at once, and
nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from audience import Audience
from cutover_site import Load, Operator, going_on, listening, publishing, settled
from private_services import Services
from project import Project, wait_until
from relay import Relay


async def test_postgresql_is_frozen_while_publishers_use_rabbitmq(
    project: Project, load: Load, operator: Operator, services: Services
) -> None:
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        await listening(project, load, audience, servers=1)
        await publishing(load, "one", "two")
        frozen = all_of(services.pid("postgres"))
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            await going_on(load, 60)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        await asyncio.to_thread(wait_until, lambda: all_sure(operator))
        counts = (await asyncio.to_thread(operator.json, "notify", "show"))["counts"]
        assert counts["without-lease"] > 0
        await settled(load, audience, at_least=60)


async def test_postgresql_is_killed_while_publishers_use_both(
    project: Project, load: Load, operator: Operator, services: Services
) -> None:
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        await listening(project, load, audience, servers=1)
        await publishing(load, "one", "two")
        await asyncio.to_thread(operator.done, "notify", "set", "both", "--execute")
        killed = services.pid("postgres")
        os.kill(killed, signal.SIGKILL)
        await going_on(load, 30)
        await asyncio.to_thread(services.wait_until_started_anew, "postgres", killed)
        await going_on(load, 30)
        await asyncio.to_thread(wait_until, lambda: all_sure(operator))
        await settled(load, audience, at_least=60)


async def test_a_publisher_that_cannot_reach_rabbitmq_is_heard_by_the_layer_in_both(
    project: Project, load: Load, operator: Operator, relay: Relay, relayed_url: str
) -> None:
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        await listening(project, load, audience, servers=1)
        load.start("one", WSMIGRATE_AMQP_URL=relayed_url)
        await going_on(load)
        await asyncio.to_thread(operator.done, "notify", "set", "both", "--execute")
        relay.cut()
        await going_on(load)
        counts = (await asyncio.to_thread(operator.json, "notify", "show"))["counts"]
        assert counts["rabbitmq-failed"] > 0
        await settled(load, audience, at_least=60)


def all_sure(operator: Operator) -> bool:
    """Whether both publishers are heard of again."""
    processes = operator.json("notify", "show")["processes"]
    live = [p for p in processes if p["role"] == "publisher" and p["live"] and p["up_to_date"]]
    return len(live) == 2


def all_of(postmaster: int) -> list[int]:
    """PostgreSQL with all its processes."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]
