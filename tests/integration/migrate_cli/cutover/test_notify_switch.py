"""The notify backend is switched under load, there and back: nobody loses a message, gets one
twice, or gets one publisher's in another order."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict

import pytest

from audience import Audience
from conftest import Load, Operator
from project import Project, wait_until

PUBLISHERS = ("one", "two", "three")


def by_publisher(texts: list[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for text in texts:
        name, number = text.split()
        found[name].append(int(number))
    return found


def differences(audience: Audience, published: dict[str, list[str]]) -> list[str]:
    """What any client got otherwise than it was published, publisher by publisher."""
    found = []
    for client in audience.clients:
        expected = by_publisher(published[client.room])
        got = by_publisher([frame.decode() for frame in client.frames])
        found += [
            f"{client.room}, publisher {name}: {len(expected[name])} published, "
            f"{len(got[name])} received, {len(set(expected[name]) - set(got[name]))} lost, "
            f"{len(got[name]) - len(set(got[name]))} doubled, "
            f"in order: {got[name] == sorted(got[name])}"
            for name in expected
            if got[name] != expected[name]
        ]
    return found


async def test_a_switch_there_and_back_under_load(
    project: Project, load: Load, operator: Operator
) -> None:
    urls = [(await asyncio.to_thread(project.start_server, log=f"server-{n}"))[0] for n in (0, 1)]
    await asyncio.to_thread(project.start_bridge)
    async with Audience() as audience:
        for url in urls:
            for room in load.rooms:
                await audience.join(url, room)
        for name in PUBLISHERS:
            load.start(name)
        await asyncio.to_thread(
            wait_until, lambda: all(load.count(name) > 20 for name in PUBLISHERS)
        )
        for backend in ("both", "channels", "both", "rabbitmq"):
            said = await asyncio.to_thread(switched, operator, backend)
            seconds = re.search(r"all 3 live publishers apply .*, after ([0-9.]+) s", said)
            assert seconds is not None, said
            assert float(seconds[1]) < 2
            before = {name: load.count(name) for name in PUBLISHERS}
            await asyncio.to_thread(
                wait_until,
                lambda before=before: all(load.count(n) > before[n] + 30 for n in PUBLISHERS),
            )
        published = await asyncio.to_thread(load.stop)
        await audience.wait_for(min(map(len, published.values())))
        assert differences(audience, published) == []
        assert [client.closed for client in audience.clients] == [None] * len(audience.clients)
    assert min(map(len, published.values())) > 300


def switched(operator: Operator, backend: str) -> str:
    flags = ["--old-clients-get-nothing"] if backend == "channels" else []
    return operator.done("notify", "set", backend, "--execute", *flags)


@pytest.mark.parametrize("backend", ["channels"])
def test_a_jump_is_refused(project: Project, operator: Operator, backend: str) -> None:
    ended = operator.run("notify", "set", backend, "--execute", "--old-clients-get-nothing")
    assert ended.returncode == 1
    assert "Set it to both first." in ended.stderr
