"""A site whose publishers follow the state of the cutover, under load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from project import SITE, Project
from site_fixtures import migrated_database, project, relay, relayed_url

HERE = Path(__file__).parent

__all__ = ["migrated_database", "project", "relay", "relayed_url"]


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
            [python, HERE / "steady_publisher.py", name, str(rate), self.ledger(name), *self.rooms],
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


@pytest.fixture
def load(project: Project) -> Iterator[Load]:
    made = Load(project, [f"switch-{number}" for number in range(3)])
    yield made
    made.kill()


@dataclass(frozen=True)
class Operator:
    """Runs ``wsmigrate`` as an operator does."""

    project: Project

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "migrate_cli", *words],
            cwd=SITE,
            env={**os.environ, **self.project.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def done(self, *words: str) -> str:
        """What it prints; it has to end with 0."""
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))


@pytest.fixture
def operator(project: Project) -> Operator:
    return Operator(project)
