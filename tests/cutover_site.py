"""A site whose publishers follow the state of the cutover, under load, and its operator."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audience import Audience
from project import SITE, Project, wait_until
from wsmigrate.gates.built_in import ALL_GATES

SCRIPT = Path(__file__).with_name("steady_publisher.py")
NO_GATES = f"[gates]\noff = {json.dumps([gate.name for gate in ALL_GATES])}\n"
"""For tests of something else: each step then has to be let pass with a reason."""


@dataclass
class Load:
    """Publisher processes that go on until they are stopped."""

    project: Project
    rooms: list[str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(
        self, name: str, rate: float = 60, python: str = sys.executable, **variables: str
    ) -> subprocess.Popen[bytes]:
        """Begin to publish under a name."""
        log = (self.project.folder / f"publisher-{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            [python, SCRIPT, name, str(rate), self.ledger(name), *self.rooms],
            cwd=SITE,
            env={**self.project.environment, **variables},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        log.close()
        return self.running[name]

    def stop(self) -> dict[str, list[str]]:
        """End all; what was published by each, in order and for each room alike."""
        for process in self.running.values():
            assert process.stdin is not None
            process.stdin.close()
        for name, process in self.running.items():
            assert process.wait(60) == 0, self.log(name)
        return self.published()

    def published(self) -> dict[str, list[str]]:
        """By room: the texts of all publishers, each publisher's in order."""
        texts: dict[str, list[str]] = {room: [] for room in self.rooms}
        for name in self.running:
            for line in self.ledger(name).read_text().splitlines():
                room, text = line.split("\t")
                texts[room].append(text)
        return texts

    def count(self, name: str) -> int:
        """How much a publisher has published."""
        path = self.ledger(name)
        return len(path.read_text().splitlines()) if path.exists() else 0

    def ledger(self, name: str) -> Path:
        return self.project.folder / f"ledger-{name}.txt"

    def log(self, name: str) -> str:
        return (self.project.folder / f"publisher-{name}.log").read_text()

    def kill(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
            process.wait(10)
            if process.stdin is not None:
                process.stdin.close()


@dataclass(frozen=True)
class Operator:
    """Runs ``wsmigrate`` as an operator does. A command has so many seconds."""

    project: Project
    within_s: float = 120

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "migrate_cli", *words],
            cwd=SITE,
            env={**os.environ, **self.project.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=self.within_s,
        )

    def done(self, *words: str) -> str:
        """What it prints; it has to end with 0."""
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))


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


def held(operator: Operator) -> int:
    """Messages that servers hold."""
    processes = operator.json("status")["processes"]
    return sum(process["facts"].get("held", 0) for process in processes)


async def listening(project: Project, load: Load, audience: Audience, servers: int) -> None:
    """Clients in every room on each of new server processes."""
    for number in range(servers):
        url, _ = await asyncio.to_thread(project.start_server, log=f"server-{number}")
        for room in load.rooms:
            await audience.join(url, room)


async def publishing(load: Load, *names: str) -> None:
    """Publishers that have begun."""
    for name in names:
        load.start(name)
    await going_on(load)


async def going_on(load: Load, more: int = 30) -> None:
    """Return when every publisher has published some more."""
    before = {name: load.count(name) for name in load.running}

    def gone_on() -> bool:
        return all(load.count(name) > before[name] + more for name in load.running)

    await asyncio.to_thread(wait_until, gone_on)


async def settled(load: Load, audience: Audience, at_least: int) -> None:
    """All is well: every client got what was published to its room, and is still connected."""
    # Each publisher goes from room to room, so none of its rooms is more than one behind.
    enough = len(load.rooms) * (at_least + len(load.running) + 1)
    await asyncio.to_thread(wait_until, lambda: sum(map(load.count, load.running)) > enough)
    published = await asyncio.to_thread(load.stop)
    assert min(map(len, published.values())) > at_least
    await audience.wait_for(min(map(len, published.values())))
    assert differences(audience, published) == []
    assert [client.closed for client in audience.clients] == [None] * len(audience.clients)
