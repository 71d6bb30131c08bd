"""The notify backend is switched under load, there and back: nobody loses a message, gets one
twice, or gets one publisher's in another order."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

from audience import Audience
from cutover_site import Load, Operator, going_on, held, listening, publishing, settled
from project import SITE, Project, wait_until

PUBLISHERS = ("one", "two", "three")


async def test_a_switch_there_and_back_under_load(
    project: Project, load: Load, operator: Operator
) -> None:
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        await listening(project, load, audience, servers=2)
        await publishing(load, *PUBLISHERS)
        for backend in ("both", "channels", "both", "rabbitmq"):
            said = await asyncio.to_thread(switched, operator, backend)
            seconds = re.search(r"all 3 live publishers apply .*, after ([0-9.]+) s", said)
            assert seconds is not None, said
            assert float(seconds[1]) < 20  # 2 on a machine that has nothing else to do
            await going_on(load)
        await settled(load, audience, at_least=300)


async def test_while_the_bridge_is_frozen_messages_are_held_for_the_barrier(
    project: Project, load: Load, operator: Operator
) -> None:
    project.variables = {
        "DJANGO_SETTINGS_MODULE": "patient_settings",
        "PYTHONPATH": f"{SITE}:{Path(__file__).parent}",
    }
    bridge = await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        await listening(project, load, audience, servers=1)
        await publishing(load, *PUBLISHERS)
        await asyncio.to_thread(switched, operator, "both")
        await going_on(load)
        bridge.send_signal(signal.SIGSTOP)
        try:
            await going_on(load)
            switching = asyncio.create_task(asyncio.to_thread(switched, operator, "channels"))
            await asyncio.to_thread(wait_until, lambda: held(operator) > 0)
            received = [len(client.frames) for client in audience.clients]
            await going_on(load)
            assert [len(client.frames) for client in audience.clients] == received
            assert not switching.done()
        finally:
            bridge.send_signal(signal.SIGCONT)
        said = await switching
        assert "the markers have come out of every inbox" in said
        await going_on(load)
        await settled(load, audience, at_least=100)


def switched(operator: Operator, backend: str) -> str:
    flags = ["--old-clients-get-nothing"] if backend == "channels" else []
    return operator.done("notify", "set", backend, "--execute", *flags)


def test_a_jump_is_refused(operator: Operator) -> None:
    ended = operator.run("notify", "set", "channels", "--execute", "--old-clients-get-nothing")
    assert ended.returncode == 1
    assert "Set it to both first." in ended.stderr
